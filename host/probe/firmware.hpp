// SPDX-License-Identifier: MIT
#pragma once

// A firmware file before it goes to a board.

#include "base/error.hpp"
#include "config/config.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>

namespace drone::probe {

/// What is known of a firmware file that can be written.
struct firmware {
    std::uint32_t entry = 0;       ///< address
    std::uint64_t loaded_size = 0; ///< bytes that go to the board
};

/// Looks at an ELF file: a 32-bit little-endian Arm executable whose contents lie in this memory,
/// when one is given. Reads only its headers.
[[nodiscard]] result<firmware> check_firmware(
    const std::filesystem::path& file, const std::optional<config::memory>& memory = std::nullopt
);

} // namespace drone::probe

// SPDX-License-Identifier: MIT
#pragma once

// The board's flash, kept in a file between runs: its bytes from flash_origin on, as they are.
// Erased flash reads 0xFF. The file is replaced as a whole or not at all.

#include "base/error.hpp"
#include "board/elf.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace drone::board {

/// The flash with this firmware in it and the rest erased; an error names the segment that lies
/// outside the flash.
[[nodiscard]] result<std::vector<std::uint8_t>> flash_image(const firmware& program);

/// Writes, reads back and compares.
[[nodiscard]] result<void>
write_flash(const std::filesystem::path& path, const std::vector<std::uint8_t>& image);

/// Reads what write_flash wrote.
[[nodiscard]] result<std::vector<std::uint8_t>> read_flash(const std::filesystem::path& path);

} // namespace drone::board

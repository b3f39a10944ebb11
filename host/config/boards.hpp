// SPDX-License-Identifier: MIT
#pragma once

// The boards that `drone new` knows, and the probes that [probe] may name.

#include <cstdint>
#include <span>
#include <string_view>

namespace drone::config {

/// A board with what a new project for it begins with.
struct board {
    std::string_view name;
    std::string_view description;
    std::string_view core; ///< as CMake's toolchain file names it
    std::uint32_t flash_origin;
    std::uint32_t flash_size; ///< bytes
    std::uint32_t ram_origin;
    std::uint32_t ram_size;  ///< bytes
    std::uint32_t heap_size; ///< bytes, of a new project's heap
    std::string_view probe;  ///< one of probe_kinds
    std::uint32_t baud;      ///< of its log
};

/// All of them, by name.
[[nodiscard]] std::span<const board> supported_boards() noexcept;

/// The board of that name, or null.
[[nodiscard]] const board* find_board(std::string_view name) noexcept;

/// What [probe] kind may say.
inline constexpr std::string_view probe_kinds[] = {
    "virtual", "openocd", "gdb", "jlink", "bmp", "pyocd", "probe-rs"
};

} // namespace drone::config

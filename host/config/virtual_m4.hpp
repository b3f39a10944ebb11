// SPDX-License-Identifier: MIT
#pragma once

// The memories of the board `virtual-m4`: for the tool's list of boards, for the emulator, and for
// the tests' firmwares (cmake/Firmware.cmake reads these lines).

#include <cstdint>

namespace drone::config::virtual_m4 {

inline constexpr std::uint32_t flash_origin = 0x0800'0000;
inline constexpr std::uint32_t flash_size = 1024 * 1024;
inline constexpr std::uint32_t ram_origin = 0x2000'0000;
inline constexpr std::uint32_t ram_size = 192 * 1024;

} // namespace drone::config::virtual_m4

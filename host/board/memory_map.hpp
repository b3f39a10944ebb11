// SPDX-License-Identifier: MIT
#pragma once

// Where things are on the virtual board `virtual-m4`: the memory map of an STM32F4.

#include "config/virtual_m4.hpp"

#include <cstdint>

namespace drone::board {

using config::virtual_m4::flash_origin;
using config::virtual_m4::flash_size;
using config::virtual_m4::ram_origin;
using config::virtual_m4::ram_size;

/// The core starts from address 0, where the board shows its flash once more.
inline constexpr std::uint32_t flash_alias = 0;

/// Where an address of the flash or of its alias is in it; flash_size and above: in neither.
constexpr std::uint32_t flash_offset(std::uint32_t address) { return address & ~flash_origin; }
static_assert((flash_origin & (flash_origin - 1)) == 0 && flash_size <= flash_origin);

inline constexpr std::uint32_t timers_base = 0x4000'0000; ///< TIM2, and TIM3 0x400 above
inline constexpr std::uint32_t itm_base = 0xE000'0000;
inline constexpr std::uint32_t dwt_base = 0xE000'1000;
inline constexpr std::uint32_t fpb_base = 0xE000'2000;
inline constexpr std::uint32_t scs_base = 0xE000'E000; ///< SysTick, NVIC, system control, debug
inline constexpr std::uint32_t tpiu_base = 0xE004'0000;
inline constexpr std::uint32_t peripheral_page = 0x1000;

inline constexpr std::uint32_t default_cpu_hz = 168'000'000;

} // namespace drone::board

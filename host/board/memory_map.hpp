// SPDX-License-Identifier: MIT
#pragma once

// Where things are on the virtual board `virtual-m4`: the memory map of an STM32F4.

#include <cstdint>

namespace drone::board {

inline constexpr std::uint32_t flash_origin = 0x0800'0000;
inline constexpr std::uint32_t flash_size = 1024 * 1024;
/// The core starts from address 0, where the board shows its flash once more.
inline constexpr std::uint32_t flash_alias = 0;
inline constexpr std::uint32_t ram_origin = 0x2000'0000;
inline constexpr std::uint32_t ram_size = 192 * 1024;

inline constexpr std::uint32_t timers_base = 0x4000'0000; ///< TIM2, and TIM3 0x400 above
inline constexpr std::uint32_t itm_base = 0xE000'0000;
inline constexpr std::uint32_t dwt_base = 0xE000'1000;
inline constexpr std::uint32_t fpb_base = 0xE000'2000;
inline constexpr std::uint32_t scs_base = 0xE000'E000; ///< SysTick, NVIC, system control, debug
inline constexpr std::uint32_t tpiu_base = 0xE004'0000;
inline constexpr std::uint32_t peripheral_page = 0x1000;

inline constexpr std::uint32_t default_cpu_hz = 168'000'000;

} // namespace drone::board

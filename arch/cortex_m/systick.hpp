// SPDX-License-Identifier: MIT
#pragma once

// SysTick, the core's own timer (ARMv7-M B3.3). Its handler is systick_handler of startup.hpp.

#include <cstdint>

namespace drone::cortex_m::systick {

inline constexpr std::uint32_t longest_period_cycles = 1U << 24U;

/// Interrupts every `period_cycles`, 2..longest_period_cycles, from now on.
inline void start(std::uint32_t period_cycles) noexcept {
    auto* const registers = reinterpret_cast<volatile std::uint32_t*>(0xE000'E010);
    registers[1] = period_cycles - 1; // reload
    registers[2] = 0;                 // current
    registers[0] = 7;                 // processor clock, interrupt, enable
}

inline void stop() noexcept { *reinterpret_cast<volatile std::uint32_t*>(0xE000'E010) = 0; }

} // namespace drone::cortex_m::systick

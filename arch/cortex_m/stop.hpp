// SPDX-License-Identifier: MIT
#pragma once

// The end of a program that has no operating system to return to.

#include <drone/semihosting.hpp>

#include <cortex_m/semihosting.hpp>
#include <cstdint>

namespace drone::cortex_m {

/// Whether a debugger is attached (DHCSR.C_DEBUGEN, ARMv7-M C1.6.2). On some
/// ARMv6-M parts the core cannot read this register; there the result is false.
[[nodiscard]] inline bool debugger_attached() noexcept {
    constexpr std::uintptr_t debug_halting_control = 0xE000'EDF0;
    return (*reinterpret_cast<const volatile std::uint32_t*>(debug_halting_control) & 1U) != 0;
}

/// Ends the program. If a debugger is attached, by a semihosting exit with this status; else the core
/// sleeps for ever with interrupts on.
[[noreturn]] inline void stop(int status) noexcept {
    if (debugger_attached()) semihosting<semihosting_trap>::exit(status);
    for (;;)
        asm volatile("wfi");
}

} // namespace drone::cortex_m

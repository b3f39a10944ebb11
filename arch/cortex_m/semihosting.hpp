// SPDX-License-Identifier: MIT
#pragma once

// The semihosting trap of Cortex-M.

#include <cstdint>

namespace drone::cortex_m {

/// A semihosting_trap: BKPT 0xAB. Without a debugger it is a HardFault.
struct semihosting_trap {
    static std::intptr_t call(std::uintptr_t operation, const void* parameters) noexcept {
        register std::uintptr_t r0 asm("r0") = operation;
        register const void* r1 asm("r1") = parameters;
        asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
        return static_cast<std::intptr_t>(r0);
    }
};

} // namespace drone::cortex_m

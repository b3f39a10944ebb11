// SPDX-License-Identifier: MIT
#pragma once

// The semihosting trap of RISC-V.

#include <cstdint>

namespace drone::riscv {

/// A semihosting_trap: EBREAK between two shifts that do nothing, all uncompressed and in one page
/// (RISC-V semihosting specification 0.4). Without a debugger it is a breakpoint exception.
struct semihosting_trap {
    static std::intptr_t call(std::uintptr_t operation, const void* parameters) noexcept {
        register std::uintptr_t a0 asm("a0") = operation;
        register const void* a1 asm("a1") = parameters;
        asm volatile(".balign 16\n"
                     "\t.option push\n"
                     "\t.option norvc\n"
                     "\tslli x0, x0, 0x1f\n"
                     "\tebreak\n"
                     "\tsrai x0, x0, 7\n"
                     "\t.option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
        return static_cast<std::intptr_t>(a0);
    }
};

} // namespace drone::riscv

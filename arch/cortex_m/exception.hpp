// SPDX-License-Identifier: MIT
#pragma once

// Which exception runs, as the context of a heap trace: `using trace_context` in a heap's
// declaration.

#include <cstdint>

namespace drone::cortex_m {

struct exception_number {
    /// 0 in thread mode, 15 in SysTick, 16 + n in interrupt n (IPSR; ARMv6-M, ARMv7-M and ARMv8-M
    /// alike, ARMv7-M B1.4.2). One instruction. Any context.
    [[nodiscard, gnu::always_inline]] static std::uint32_t current() noexcept {
        std::uint32_t number;
        asm volatile("mrs %0, ipsr" : "=r"(number));
        return number & 0x1FFU;
    }
};

} // namespace drone::cortex_m

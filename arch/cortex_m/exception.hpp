// SPDX-License-Identifier: MIT
#pragma once

// The running exception, as the context of a heap trace: heap_settings::trace_context.

#include <cstdint>

namespace drone::cortex_m {

/// What says in which exception code runs: `.trace_context = exception_number::current` in a heap's
/// settings.
struct exception_number {
    /// 0 in thread mode, 15 in SysTick, 16 + n in interrupt n: IPSR, on ARMv6-M, ARMv7-M and ARMv8-M
    /// alike (ARMv7-M B1.4.2). One instruction. Any context.
    [[nodiscard, gnu::always_inline]] static std::uint32_t current() noexcept {
        std::uint32_t number;
        asm volatile("mrs %0, ipsr" : "=r"(number));
        return number & 0x1FFU;
    }
};

} // namespace drone::cortex_m

// SPDX-License-Identifier: MIT
#pragma once

// Masking interrupts for a few instructions (PRIMASK; ARMv6-M, ARMv7-M and ARMv8-M alike).

#include <cstdint>

namespace drone::cortex_m {

/// Masks interrupts while it lives, and then restores the mask. It nests. It does not mask NMI and
/// HardFault. Needs privileged code.
class [[nodiscard]] interrupt_mask {
public:
    // Inlined before all else, else what was before is kept in memory.
    [[gnu::always_inline]] interrupt_mask() noexcept : before_(mask()) {}
    interrupt_mask(const interrupt_mask&) = delete;
    interrupt_mask& operator=(const interrupt_mask&) = delete;
    [[gnu::always_inline]] ~interrupt_mask() {
        asm volatile("msr primask, %0" : : "r"(before_) : "memory");
    }

private:
    // By way of a local: what an asm statement writes into a member stays in memory.
    [[gnu::always_inline]] static std::uint32_t mask() noexcept {
        std::uint32_t before;
        asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(before) : : "memory");
        return before;
    }

    std::uint32_t before_;
};

} // namespace drone::cortex_m

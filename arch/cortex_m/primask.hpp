// SPDX-License-Identifier: MIT
#pragma once

// Masking interrupts for a few instructions (PRIMASK; ARMv6-M, ARMv7-M and ARMv8-M alike).

#include <cstdint>

namespace drone::cortex_m {

/// While it lives, no interrupt is taken; then what was before is so again. May be nested.
/// NMI and HardFault are not masked. Needs privileged code.
class [[nodiscard]] interrupt_mask {
public:
    interrupt_mask() noexcept {
        asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(before_) : : "memory");
    }
    interrupt_mask(const interrupt_mask&) = delete;
    interrupt_mask& operator=(const interrupt_mask&) = delete;
    ~interrupt_mask() { asm volatile("msr primask, %0" : : "r"(before_) : "memory"); }

private:
    std::uint32_t before_;
};

} // namespace drone::cortex_m

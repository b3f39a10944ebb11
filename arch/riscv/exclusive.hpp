// SPDX-License-Identifier: MIT
#pragma once

// Exclusive access on a single RV32 hart.

#include <drone/exclusive.hpp>

#include <cstdint>

namespace drone::riscv {

/// Clears mstatus.MIE while it lives, and then restores it (privileged architecture, 3.1.6.1). It
/// nests. Machine mode only.
class [[nodiscard]] interrupt_mask {
public:
    interrupt_mask() noexcept : before_(mask()) {}
    interrupt_mask(const interrupt_mask&) = delete;
    interrupt_mask& operator=(const interrupt_mask&) = delete;
    ~interrupt_mask() { asm volatile("csrs mstatus, %0" : : "r"(before_ & 8U) : "memory"); }

private:
    // By way of a local: what an asm statement writes into a member stays in memory.
    [[gnu::always_inline]] static std::uint32_t mask() noexcept {
        std::uint32_t before;
        asm volatile("csrrci %0, mstatus, 8" : "=r"(before) : : "memory");
        return before;
    }

    std::uint32_t before_;
};

/// A single RV32 hart, as exclusive_access against interrupts. Each operation of the list runs with
/// mstatus.MIE clear. The A extension's LR/SC alone is not enough, because a trap need not clear
/// the reservation.
struct single_core {
    using free_list = masked_block_list<interrupt_mask>;
    using critical_section = interrupt_mask;
};

} // namespace drone::riscv

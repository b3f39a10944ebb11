// SPDX-License-Identifier: MIT
#pragma once

// The interrupt controller (ARMv7-M B3.4; ARMv6-M B3.4 has the same registers for 32 interrupts),
// and the system handlers' priorities. Interrupts are numbered as the chip's manual numbers them,
// from 0. Callable from any privileged context; each call is one register write.

#include <cstdint>

namespace drone::cortex_m::nvic {

namespace detail {
inline volatile std::uint32_t& word(std::uintptr_t address) noexcept {
    return *reinterpret_cast<volatile std::uint32_t*>(address);
}
/// A read-modify-write of one byte: ARMv6-M takes only words here.
inline void set_byte(std::uintptr_t base, unsigned index, std::uint8_t value) noexcept {
    volatile std::uint32_t& whole = word(base + (index & ~3U));
    const unsigned shift = 8U * (index & 3U);
    whole = (whole & ~(0xFFU << shift)) | std::uint32_t{value} << shift;
}
} // namespace detail

inline void enable(unsigned irq) noexcept {
    detail::word(0xE000'E100 + irq / 32 * 4) = 1U << irq % 32;
}
inline void disable(unsigned irq) noexcept {
    detail::word(0xE000'E180 + irq / 32 * 4) = 1U << irq % 32;
    asm volatile("dsb\n\tisb" : : : "memory"); // from here on it is not taken (B3.4.1)
}
inline void pend(unsigned irq) noexcept {
    detail::word(0xE000'E200 + irq / 32 * 4) = 1U << irq % 32;
}
inline void clear_pending(unsigned irq) noexcept {
    detail::word(0xE000'E280 + irq / 32 * 4) = 1U << irq % 32;
}

/// Lower is more urgent; chips keep only the upper bits (four on an STM32F4, two on ARMv6-M).
/// Not to be called for the same four interrupts from two contexts.
inline void set_priority(unsigned irq, std::uint8_t priority) noexcept {
    detail::set_byte(0xE000'E400, irq, priority);
}

/// Exceptions of the core itself, by number: 11 SVC, 14 PendSV, 15 SysTick.
inline void set_system_priority(unsigned exception, std::uint8_t priority) noexcept {
    detail::set_byte(0xE000'ED18, exception - 4, priority);
}

/// Makes PendSV pending: it runs when nothing more urgent does.
inline void pend_sv() noexcept { detail::word(0xE000'ED04) = 1U << 28U; }

} // namespace drone::cortex_m::nvic

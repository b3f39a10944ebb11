// SPDX-License-Identifier: MIT
#pragma once

// The transmitter of a 16550 (PC16550D data sheet, 8.0). QEMU's RISC-V machine `virt` and many chips have
// it.

#include <cstdint>

namespace drone::uart {

/// The UART whose byte-wide registers are at Base, side by side; 0x1000'0000 on `virt`.
/// A uart_transmitter.
template <std::uintptr_t Base>
struct ns16550 {
    /// 8 bits, no parity, one stop bit, FIFOs on. `divisor`: clock / (16 x baud rate).
    static void start(std::uint16_t divisor) noexcept {
        at(line_control) = divisor_latch;
        at(data) = static_cast<std::uint8_t>(divisor);
        at(interrupt_enable) = static_cast<std::uint8_t>(divisor >> 8U);
        at(line_control) = eight_bits;
        at(interrupt_enable) = 0;
        at(fifo_control) = fifos_on;
    }

    /// There is no bit that turns the transmitter off.
    [[nodiscard]] static bool enabled() noexcept { return true; }
    [[nodiscard]] static bool ready() noexcept { return (at(line_status) & transmit_empty) != 0; }
    static void write(std::uint8_t byte) noexcept { at(data) = byte; }

private:
    static constexpr std::uintptr_t data = 0;             // and the divisor's low byte
    static constexpr std::uintptr_t interrupt_enable = 1; // and its high byte
    static constexpr std::uintptr_t fifo_control = 2;
    static constexpr std::uintptr_t line_control = 3;
    static constexpr std::uintptr_t line_status = 5;
    static constexpr std::uint8_t eight_bits = 0x03;
    static constexpr std::uint8_t divisor_latch = 0x80;
    static constexpr std::uint8_t fifos_on = 0x01;
    static constexpr std::uint8_t transmit_empty = 0x20;

    static volatile std::uint8_t& at(std::uintptr_t offset) noexcept {
        return *reinterpret_cast<volatile std::uint8_t*>(Base + offset);
    }
};

} // namespace drone::uart

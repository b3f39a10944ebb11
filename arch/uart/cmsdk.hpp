// SPDX-License-Identifier: MIT
#pragma once

// The transmitter of the CMSDK APB UART (Cortex-M System Design Kit manual, 4.3). Arm's MPS2 boards have
// it, and so do QEMU's models of them.

#include <cstdint>

namespace drone::uart {

/// The UART whose registers are at Base; 0x4000'4000 is the first of MPS2 with AN385 or AN386.
/// A uart_transmitter.
template <std::uintptr_t Base>
struct cmsdk {
    /// Turns the transmitter on. `divisor`: clock / baud rate, 16 or more.
    static void start(std::uint32_t divisor) noexcept {
        at(bauddiv) = divisor;
        at(ctrl) = transmit_enable;
    }

    [[nodiscard]] static bool enabled() noexcept { return (at(ctrl) & transmit_enable) != 0; }
    [[nodiscard]] static bool ready() noexcept { return (at(state) & transmit_full) == 0; }
    static void write(std::uint8_t byte) noexcept { at(data) = byte; }

private:
    static constexpr std::uintptr_t data = 0x00;
    static constexpr std::uintptr_t state = 0x04;
    static constexpr std::uintptr_t ctrl = 0x08;
    static constexpr std::uintptr_t bauddiv = 0x10;
    static constexpr std::uint32_t transmit_full = 1;   // of state
    static constexpr std::uint32_t transmit_enable = 1; // of ctrl

    static volatile std::uint32_t& at(std::uintptr_t offset) noexcept {
        return *reinterpret_cast<volatile std::uint32_t*>(Base + offset);
    }
};

} // namespace drone::uart

// SPDX-License-Identifier: MIT
#pragma once

// The Instrumentation Trace Macrocell as a carrier of log ports.

#include <cstdint>

namespace drone::cortex_m {

/// A log_carrier: the 32 stimulus ports of the ITM, which a debug probe receives over SWO (ARMv7-M
/// C1.7; ARMv8-M D1.2 ITM_*). One write is one packet, whatever interrupts it. Without a probe the
/// enable bits read 0 and nothing is sent. Cores without an ITM (ARMv6-M, the ARMv8-M baseline)
/// must not use it. Any context.
struct itm {
    /// Whether somebody listens to `port`, 0..31: one load and a bit test.
    [[nodiscard]] static bool enabled(unsigned port) noexcept {
        return (*reinterpret_cast<const volatile std::uint32_t*>(trace_enable) >> port & 1U) != 0;
    }

    /// Whether `port` accepts a packet now. Also false if the port is not enabled: a loop that waits
    /// for it must also end when enabled() becomes false.
    [[nodiscard]] static bool ready(unsigned port) noexcept {
        // C1.7.3: bit 0 is FIFOREADY; ARMv8-M has DISABLED in bit 1.
        return (*stimulus<std::uint32_t>(port) & 1U) != 0;
    }

    /// Whether the ITM as a whole runs (ITM_TCR.ITMENA). It does if a port is enabled, unless a probe
    /// stopped in the middle of the set-up. A loop that waits for ready() must also end when this
    /// becomes false.
    [[nodiscard]] static bool running() noexcept {
        return (*reinterpret_cast<const volatile std::uint32_t*>(trace_control) & 1U) != 0;
    }

    /// Sends one packet of the value's size, 1, 2 or 4 bytes. Lost if the port is not ready.
    static void write(unsigned port, std::uint32_t value) noexcept {
        *stimulus<std::uint32_t>(port) = value;
    }
    static void write(unsigned port, std::uint16_t value) noexcept {
        *stimulus<std::uint16_t>(port) = value;
    }
    static void write(unsigned port, std::uint8_t value) noexcept {
        *stimulus<std::uint8_t>(port) = value;
    }

private:
    static constexpr std::uintptr_t base = 0xE000'0000;           // ITM_STIM0
    static constexpr std::uintptr_t trace_enable = base + 0xE00;  // ITM_TER0
    static constexpr std::uintptr_t trace_control = base + 0xE80; // ITM_TCR

    template <class Size>
    [[nodiscard]] static volatile Size* stimulus(unsigned port) noexcept {
        return reinterpret_cast<volatile Size*>(base + 4 * port);
    }
};

} // namespace drone::cortex_m

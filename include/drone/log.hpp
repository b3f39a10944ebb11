// SPDX-License-Identifier: MIT
#pragma once

// 32 log ports over whatever carries them. By convention port 0 is standard output, port 1 standard
// error, and port 31 the heap trace. arch/ has the carriers of each core.

#include <drone/language.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace drone {

inline constexpr unsigned log_port_count = 32;
inline constexpr unsigned standard_output_port = 0;
inline constexpr unsigned standard_error_port = 1;
inline constexpr unsigned heap_trace_port = 31;

/// What carries log ports. Any context may call it.
///
/// - `enabled`: whether somebody listens to a port. A load and a test.
/// - `ready`: whether a write would be accepted now.
/// - `write`: one write of 8 or 32 bits that no interrupt can split.
///
/// A carrier whose ports can be enabled while the whole carrier is switched off also has `running`. One
/// that must be ready before anybody can listen has `begin`, which a traced heap's initialize() calls. One
/// whose listener can be replaced between two calls of `enabled` has `listener`, a number that then changes.
template <class Carrier>
concept log_carrier = requires(unsigned port, std::uint32_t word, std::uint8_t byte) {
    { Carrier::enabled(port) } noexcept -> std::same_as<bool>;
    { Carrier::ready(port) } noexcept -> std::same_as<bool>;
    { Carrier::write(port, word) } noexcept;
    { Carrier::write(port, byte) } noexcept;
};

/// One port of a carrier, fixed when the program is compiled.
template <log_carrier Carrier, unsigned Port>
struct log_port {
    static_assert(Port < log_port_count, "a log port is a number from 0 to 31");

    using carrier = Carrier;

    [[nodiscard, gnu::always_inline]] static bool enabled() noexcept {
        return Carrier::enabled(Port);
    }

    /// Whether the port accepts a write now.
    [[nodiscard, gnu::always_inline]] static bool ready() noexcept { return Carrier::ready(Port); }

    /// Writes a word. Lost unless the port was ready().
    [[gnu::always_inline]] static void write_now(std::uint32_t word) noexcept {
        Carrier::write(Port, word);
    }

    /// Waits until the port accepts a write, for as long as the link is busy. False if nobody
    /// listens any more.
    [[nodiscard]] static bool wait() noexcept {
        while (!Carrier::ready(Port)) {
            if (!Carrier::enabled(Port)) return false;
            if constexpr (requires { Carrier::running(); }) {
                if (!Carrier::running()) return false;
            }
        }
        return true;
    }

    /// Writes bytes and waits for each. Ends early if nobody listens. Bytes of other contexts may
    /// come in between. If one of them takes the place that was ready, a byte is lost.
    static void write(const char* text, std::size_t size) noexcept {
        for (std::size_t i = 0; i < size && enabled() && wait(); ++i)
            Carrier::write(Port, static_cast<std::uint8_t>(text[i]));
    }
};

} // namespace drone

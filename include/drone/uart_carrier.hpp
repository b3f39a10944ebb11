// SPDX-License-Identifier: MIT
#pragma once

// Log ports over a UART, for boards and cores without SWO.

#include <drone/exclusive.hpp>
#include <drone/framing.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>

namespace drone {

/// The transmitter of a UART. `enabled`: whether it is set up and sends. `ready`: whether it
/// accepts a byte now. `write`: gives it one.
template <class Uart>
concept uart_transmitter = requires(std::uint8_t byte) {
    { Uart::enabled() } noexcept -> std::same_as<bool>;
    { Uart::ready() } noexcept -> std::same_as<bool>;
    { Uart::write(byte) } noexcept;
};

/// A log_carrier over a UART. QueueBytes is a power of two, 16 or more. Ports has a bit for each
/// enabled port: nothing tells the program whether somebody listens at the other end. All state is
/// static, so uses of the same type share the queue.
///
/// A packet goes into a queue in RAM as a whole, with interrupts masked for its bytes, at most 11.
/// So no interrupt splits it. Every call of ready() moves some bytes from the queue into the UART,
/// so a busy program needs nothing else. What a program wrote last stays in the queue until
/// somebody calls pump(): the idle loop, or the UART's transmit interrupt. drain() sends all of it,
/// before the program ends or the core sleeps deeply.
///
/// With ITM framing a synchronisation goes out first and then every 256 packets, for receivers that
/// attach later. Contexts: every one that Core's critical section keeps out.
template <
    uart_transmitter Uart,
    exclusive_access Core,
    packet_framing Framing,
    std::size_t QueueBytes = 64,
    std::uint32_t Ports = 0xFFFF'FFFF>
class uart_carrier {
public:
    [[nodiscard]] static bool enabled(unsigned port) noexcept {
        return (Ports >> port & 1U) != 0 && Uart::enabled();
    }

    /// Whether the queue has room for a packet. Moves up to one byte more into the UART than a packet
    /// has. So the queue stays short while the UART keeps up.
    [[nodiscard]] static bool ready(unsigned port) noexcept { return enabled(port) && advance(); }

    /// Appends a packet, and waits for room. Lost if the port is not enabled.
    static void write(unsigned port, std::uint32_t value) noexcept {
        append(port, value, sizeof value);
    }
    static void write(unsigned port, std::uint8_t value) noexcept {
        append(port, value, sizeof value);
    }

    /// Moves as many bytes as the UART accepts now. Returns whether some are left. Interrupts are
    /// masked for one byte at a time.
    static bool pump() noexcept {
        for (;;) {
            const masked_scope masked;
            if (!send(1)) return queued() != 0;
        }
    }

    /// Sends everything, and waits for the UART. Ends early if the UART is not enabled.
    static void drain() noexcept {
        while (pump() && Uart::enabled()) {
        }
    }

private:
    using masked_scope = typename Core::critical_section;

    static constexpr std::size_t synchronisation_size = [] {
        if constexpr (synchronised_framing<Framing>) return sizeof Framing::synchronisation;
        return std::size_t{0};
    }();
    static constexpr std::uint32_t synchronisation_period = 256; // packets
    static constexpr std::size_t packet_size = Framing::header_size + sizeof(std::uint32_t);
    static constexpr std::size_t room_needed = synchronisation_size + packet_size;

    static_assert(std::has_single_bit(QueueBytes), "the queue's size is a power of two");
    static_assert(QueueBytes > room_needed, "the queue holds a packet");

    static std::size_t queued() noexcept { return appended_ - sent_; }
    static bool has_room() noexcept { return QueueBytes - queued() >= room_needed; }

    [[gnu::noinline]] static bool advance() noexcept {
        const masked_scope masked;
        send(packet_size + 1);
        return has_room();
    }

    /// Moves up to so many bytes, the oldest first, as far as the UART takes them. Whether it took
    /// all. Masked.
    static bool send(std::size_t count) noexcept {
        std::size_t next = sent_;
        for (; count != 0 && next != appended_ && Uart::ready(); --count)
            Uart::write(queue_[next++ % QueueBytes]);
        sent_ = next;
        return count == 0;
    }

    static void append(unsigned port, std::uint32_t value, std::size_t size) noexcept {
        while (!try_append(port, value, size)) {
            if (!enabled(port)) return;
            pump();
        }
    }

    [[gnu::noinline]] static bool
    try_append(unsigned port, std::uint32_t value, std::size_t size) noexcept {
        const masked_scope masked;
        if (!has_room() || !enabled(port)) return false;
        std::size_t end = appended_;
        if constexpr (synchronised_framing<Framing>) {
            if (packets_++ % synchronisation_period == 0) {
                for (const std::uint8_t byte : Framing::synchronisation)
                    queue_[end++ % QueueBytes] = byte;
            }
        }
        for (const std::uint8_t byte : Framing::header(port, size).at)
            queue_[end++ % QueueBytes] = byte;
        for (; size != 0; --size, value >>= 8U)
            queue_[end++ % QueueBytes] = static_cast<std::uint8_t>(value);
        appended_ = end;
        return true;
    }

    // Counters that run on; the queue is what is between them.
    inline static std::uint8_t queue_[QueueBytes]{};
    inline static std::size_t appended_ = 0;
    inline static std::size_t sent_ = 0;
    inline static std::uint32_t packets_ = 0;
};

} // namespace drone

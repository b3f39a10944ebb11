// SPDX-License-Identifier: MIT
#pragma once

// Log ports over SEGGER RTT: for boards whose trace pin is not wired, and cores that have none.

#include <drone/exclusive.hpp>
#include <drone/framing.hpp>
#include <drone/rtt.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace drone {

/// A log_carrier over an up-buffer of SEGGER RTT in RAM, which a debug probe reads while the program
/// runs. It needs no pin, no clock and no baud rate. Packets are framed as the ITM's. All state is
/// static. A program has one rtt_carrier of one type, except that each Block can have its own.
///
/// Bytes is the buffer's size, a power of two from 64 to 64 Ki. Ports has a bit for each port that is
/// sent. Block is where the descriptor is: rtt_own_block, or a channel of the program's own block
/// (docs/porting.md).
///
/// Whether somebody listens. RTT does not say. So begin() puts four idle bytes into the empty buffer,
/// and whoever has taken them listens. enabled() is two loads of neighbouring words and a test. The
/// first packet is a synchronisation, and so is the first after each turn of the buffer.
///
/// Guarantees.
/// - A packet goes into the buffer whole, with interrupts masked, or not at all.
/// - No write waits. ready() is false while the buffer is full.
/// - A listener is gone when the buffer is full, Patience calls of ready() have found it so, and
///   nothing was taken between them. Then the port is not enabled, four idle bytes are the buffer's
///   only content, and the next listener gets the trace from its beginning. So a program that waits
///   for room goes on, too. Where the program has a clock, check_listener() is the better way to know.
/// - Such a listener may come back at any instruction, in the middle of reading, too. What it gets is
///   whole: either all that it had not taken, or nothing of that; then the trace from its beginning,
///   after idle bytes and a synchronisation.
///
/// The buffer and the block must be in RAM that no data cache holds (docs/porting.md).
/// Contexts: every one that Core's critical section keeps out.
template <
    exclusive_access Core,
    std::size_t Bytes = 1024,
    std::uint32_t Ports = 0xFFFF'FFFF,
    class Block = rtt_own_block,
    std::uint32_t Patience = 1U << 22U>
class rtt_carrier {
public:
    static_assert(std::has_single_bit(Bytes), "the buffer's size is a power of two");
    static_assert(Bytes >= 64 && Bytes <= 65'536, "the buffer has 64 to 65,536 bytes");
    static_assert(Patience != 0);

    /// Makes the buffer ready for a listener; the heap's initialize() calls it. Does nothing when
    /// called again. A program that traces no heap calls it before it writes.
    [[gnu::cold, gnu::noinline]] static void begin() noexcept {
        const masked_scope masked;
        if (is_begun_) return;
        is_begun_ = true;
        Block::open(drone_rtt_buffer_, Bytes);
        // Both where they are in a new buffer, so all of it becomes idle: a probe that reads on over a
        // reset takes nothing else.
        state().written = 0;
        Block::up().read = 0;
        leave();
        Block::publish();
    }

    [[nodiscard, gnu::always_inline]] static bool enabled(unsigned port) noexcept {
        return is_sent(port) && Block::up().read != state().quiet;
    }

    /// Whether the buffer has room for a packet.
    [[nodiscard, gnu::always_inline]] static bool ready(unsigned port) noexcept {
        return is_sent(port) && (state().written < state().limit || find_room());
    }

    /// Changes with every listener that takes the place of one that is gone.
    [[nodiscard, gnu::always_inline]] static std::uint32_t listener() noexcept {
        return state().listener;
    }

    /// Appends a packet. Lost if the port is not ready.
    static void write(unsigned port, std::uint32_t value) noexcept {
        if (is_sent(port)) write_word(Framing::header(port, sizeof value).at[0], value);
    }
    static void write(unsigned port, std::uint8_t value) noexcept {
        if (is_sent(port)) write_slowly(Framing::header(port, sizeof value).at[0], value, 1);
    }

    /// To be called now and then, such as once a second. A listener that has taken nothing from a full
    /// buffer since the last call is gone. Where the trace waits for room, call it from an interrupt
    /// that itself neither waits nor is kept out by one that does.
    static void check_listener() noexcept {
        const masked_scope masked;
        rtt_state& now = state();
        const std::uint32_t read = Block::up().read;
        if (now.quiet != rtt_heard || free_bytes() >= room_needed) {
            now.checked = rtt_unseen;
        } else if (read != now.checked) {
            now.checked = read;
        } else {
            leave();
        }
    }

private:
    using masked_scope = typename Core::critical_section;
    using Framing = itm_framing;

    static constexpr std::uint32_t mask = Bytes - 1;
    static constexpr std::uint32_t packet_size = Framing::header_size + sizeof(std::uint32_t);
    static constexpr std::uint32_t idle_bytes = 4;
    /// Never written while somebody listens: the idle bytes of leave(), and one that is never used.
    static constexpr std::uint32_t reserve = idle_bytes + 1;
    static constexpr std::uint32_t room_needed =
        sizeof Framing::synchronisation + packet_size + reserve;

    [[gnu::always_inline]] static constexpr bool is_sent(unsigned port) noexcept {
        return (Ports >> port & 1U) != 0;
    }
    [[gnu::always_inline]] static rtt_state& state() noexcept { return Block::state(); }

    /// Bytes between `written` and `read`. Whatever a probe has stored there, nothing outside the
    /// buffer is written.
    static std::uint32_t free_bytes() noexcept {
        return (Block::up().read - state().written - 1) & mask;
    }

    /// Empties the buffer for the probe, but for idle bytes. Where the probe is in the middle of
    /// reading, whatever it has seen of the descriptor and sees of it later, what it takes is old
    /// bytes, which stay, or idle ones: all that is not old becomes idle, and the new `read` is where
    /// a probe arrives that takes all old bytes.
    static void leave() noexcept {
        rtt_state& now = state();
        rtt_up_buffer& up = Block::up();
        // Where nothing was written since the last time, its idle bytes serve again.
        const std::uint32_t begin = (now.written - (now.synchronise ? idle_bytes : 0)) & mask;
        const std::uint32_t old = up.read & mask;
        std::uint32_t end = begin;
        do {
            drone_rtt_buffer_[end] = 0;
            end = (end + 1) & mask;
        } while (end != old);
        now.quiet = begin;
        now.limit = 0;
        now.seen = now.checked = rtt_unseen;
        now.synchronise = false;
        __atomic_thread_fence(__ATOMIC_RELEASE);
        up.read = begin;
        publish((begin + idle_bytes) & mask);
    }

    /// Shows the probe what was written. It sees the bytes before it sees the index.
    [[gnu::always_inline]] static void publish(std::uint32_t written) noexcept {
        __atomic_thread_fence(__ATOMIC_RELEASE);
        state().written = written;
        Block::up().written = written;
    }

    /// Whether there is room for a packet and a synchronisation; then, how much may be written at once.
    [[gnu::noinline]] static bool find_room() noexcept {
        const masked_scope masked;
        return has_room();
    }

    static bool has_room() noexcept {
        if (!is_begun_) return false;
        rtt_state& now = state();
        const std::uint32_t read = Block::up().read;
        if (now.quiet != rtt_heard) {
            if (read == now.quiet) return false;
            now.quiet = rtt_heard;
            now.listener = now.listener + 1;
            now.synchronise = true;
        }
        const std::uint32_t free = free_bytes();
        if (free >= room_needed) {
            now.seen = rtt_unseen;
            const std::uint32_t to_end = mask - now.written; // and the end's own index is 0
            const std::uint32_t room = to_end < free - reserve ? to_end : free - reserve;
            const bool quickly = room >= packet_size && !now.synchronise;
            now.limit = quickly ? now.written + room - packet_size + 1 : 0;
            return true;
        }
        now.limit = 0;
        if (read != now.seen) {
            now.seen = read;
            now.patience = Patience;
        } else if (--now.patience == 0) {
            leave();
        }
        return false;
    }

    // Not inlined: a program has many writes, and the trace's are written one after another.
    [[gnu::noinline]] static void write_word(std::uint32_t header, std::uint32_t value) noexcept {
        if (!try_write_word(header, value)) [[unlikely]]
            write_slowly(header, value, sizeof value);
    }
    [[gnu::always_inline]] static bool
    try_write_word(std::uint32_t header, std::uint32_t value) noexcept {
        const masked_scope masked;
        const std::uint32_t written = state().written;
        if (written >= state().limit) [[unlikely]]
            return false;
        std::uint8_t* const at = drone_rtt_buffer_ + written;
        *at = static_cast<std::uint8_t>(header);
        __builtin_memcpy(at + 1, &value, sizeof value);
        publish(written + packet_size);
        return true;
    }

    /// A packet with what is due before it, byte by byte, over the end of the buffer.
    [[gnu::noinline]] static void
    write_slowly(std::uint32_t header, std::uint32_t value, std::uint32_t size) noexcept {
        const masked_scope masked;
        if (!has_room()) return;
        const std::uint32_t before = state().written;
        std::uint32_t end = before;
        const auto append = [&end](std::uint32_t byte) {
            drone_rtt_buffer_[end] = static_cast<std::uint8_t>(byte);
            end = (end + 1) & mask;
        };
        const std::uint32_t whole = sizeof Framing::synchronisation + packet_size;
        if (state().synchronise || before + whole > mask) {
            state().synchronise = false;
            for (const std::uint8_t byte : Framing::synchronisation)
                append(byte);
        }
        append(header);
        for (; size != 0; --size, value >>= 8U)
            append(value);
        state().limit = 0; // found anew
        publish(end);
    }

    // Compilers drop a section attribute on a template's member, so a linker script that puts it
    // elsewhere goes by the name.
    alignas(4) inline static std::uint8_t drone_rtt_buffer_[Bytes];
    inline static bool is_begun_ = false; // since the reset
};

} // namespace drone

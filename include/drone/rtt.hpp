// SPDX-License-Identifier: MIT
#pragma once

// SEGGER's Real Time Transfer in memory, as every tool for it reads it: a control block, and up-buffers
// that the target fills and a debug probe empties while the target runs. Words are little-endian.
//
//     control block   | id[16] "SEGGER RTT" | ups | downs | an up-buffer ... | a down-buffer ... |
//     up-buffer       | name | bytes | size | written | read | mode |          24 bytes on 32-bit cores
//
// `written` and `read` are indices of the next byte. Equal: empty; one byte is never used. The target
// stores `written`, the probe `read`. A probe finds the block by the symbol _SEGGER_RTT, or by its id,
// for which it searches the RAM.

#include <drone/language.hpp>

#include <cstdint>

namespace drone {

/// The descriptor of an up-buffer.
struct rtt_up_buffer {
    const char* name;
    std::uint8_t* bytes;
    std::uint32_t size;
    volatile std::uint32_t written; ///< by the target
    volatile std::uint32_t read;    ///< by the probe
    std::uint32_t mode;             ///< 0: what does not fit is left out. Some probes change it
};

/// A control block of one up-buffer and no down-buffer.
struct rtt_control_block {
    volatile char id[16];
    std::int32_t ups;
    std::int32_t downs;
    rtt_up_buffer up;

    /// Stores the id, last of all, backwards and from a reversed copy: a probe must find neither a
    /// block that is not whole nor the text in flash.
    void publish() noexcept {
        constexpr char reversed[] = "TTR REGGES";
        constexpr unsigned length = sizeof reversed - 1;
        for (unsigned i = length; i < sizeof id; ++i)
            id[i] = 0;
        for (unsigned i = 0; i < length; ++i)
            id[length - 1 - i] = reversed[i];
    }
};

/// What a carrier keeps of an up-buffer. All zero: not begun.
struct rtt_state {
    /// `read`, while nobody has taken the idle bytes; rtt_heard while somebody listens.
    volatile std::uint32_t quiet;
    /// A whole packet may be written at once from an index below this.
    volatile std::uint32_t limit;
    std::uint32_t written;           ///< as the descriptor has it, which others could change
    std::uint32_t seen;              ///< `read` when the buffer was last found full
    std::uint32_t patience;          ///< times that it may still be found so
    std::uint32_t checked;           ///< `read` when check_listener() last found it full
    volatile std::uint32_t listener; ///< how many there have been
    bool synchronise;                ///< before the next packet
};
inline constexpr std::uint32_t rtt_heard = 0xFFFF'FFFF;  // no index
inline constexpr std::uint32_t rtt_unseen = 0xFFFF'FFFF; // no index

namespace detail {
struct rtt_memory {
    rtt_control_block block;
    rtt_state state; // reached from the same address
};
/// The name by which probes look for the block.
inline constinit rtt_memory rtt_own asm("_SEGGER_RTT") = {};
} // namespace detail

/// A control block of our own: its one up-buffer is channel 0, "drone". For programs without SEGGER's
/// library.
struct rtt_own_block {
    [[gnu::always_inline]] static rtt_up_buffer& up() noexcept { return detail::rtt_own.block.up; }
    [[gnu::always_inline]] static rtt_state& state() noexcept { return detail::rtt_own.state; }
    static void open(std::uint8_t* bytes, std::uint32_t size) noexcept {
        rtt_control_block& block = detail::rtt_own.block;
        block.up.name = "drone";
        block.up.bytes = bytes;
        block.up.size = size;
        block.up.mode = 0;
        block.ups = 1;
        block.downs = 0;
    }
    static void publish() noexcept { detail::rtt_own.block.publish(); }
};

} // namespace drone

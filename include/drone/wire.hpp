// SPDX-License-Identifier: MIT
#pragma once

// The native heap trace: constexpr encode and decode, the same code on both sides of the wire.
// docs/formats.md is the specification.
//
// A trace is a stream of 32-bit words, little-endian in a file. One event is one word. So it is one
// atomic write to a stimulus port, and no interrupt can split it:
//
//      31 29 28     24 23                              0
//     +-----+---------+--------------------------------+
//     | op  | number  | data                           |   events: the sequence number, modulo 32
//     +-----+---------+--------------------------------+   control, capture: the sub-operation
//
// An allocation is one number, the offset of its last byte. The pools are known, so that offset
// gives the block, and with the block the exact size. Worked example, pools 4 x 201 at 0 and 12 x
// 222 at 804: the third event takes 12 bytes in the second block of 12. Its last byte is at 804 +
// 12 + 11 = 827 = 0x33B, so the word is allocate << 29 | 2 << 24 | 0x33B = 0x0200033B.
//
// Heaps of up to 16 MiB can be traced. Every function is pure. Any context.

#include <drone/layout.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace drone::wire {

/// The newest version. A reader keeps reading every older one.
inline constexpr std::uint32_t version = 3;
/// The version that `begin` carries: a trace that has no stacks is still one of version 2.
inline constexpr std::uint32_t version_with_stacks = 3;
inline constexpr std::uint32_t version_without_stacks = 2;

/// Bytes of the largest heap whose offsets fit.
inline constexpr std::uint32_t heap_size_limit = 1U << 24U;
/// Pools of the largest layout that `begin` can announce.
inline constexpr std::size_t pool_limit = 255;

inline constexpr std::uint32_t data_mask = 0x00FF'FFFF;
inline constexpr std::uint32_t digest_mask = 0x0FFF'FFFF;
inline constexpr std::uint32_t sequence_period = 32;

/// Of the largest alignment that the trace has a number for; no pool offers as much.
inline constexpr std::uint32_t largest_alignment_log2 = 15;

enum class operation : std::uint8_t {
    allocate = 0,   ///< offset of the allocation's last byte; granule alignment was asked
    deallocate = 1, ///< offset of the block's first byte
    resize = 2,     ///< in place; offset of the new last byte
    failed = 3,     ///< bytes asked for, saturating
    caller =
        4, ///< bits 29..1 of a code address in all 29 bits below: who asked for the next event;
           ///< from version 3 on a frame, see control::frames
    control = 5,          ///< see enum control
    capture = 6,          ///< see enum capture; written by the host only
    allocate_aligned = 7, ///< as allocate, where default_alignment was asked
};

/// What a control word says: of the heap or the trace, not of a block.
enum class control : std::uint8_t {
    begin = 0,         ///< version << 16 | flags << 12 | log2(heap alignment) << 8 | pool count
    heap_size = 1,     ///< bytes - 1
    pool_block = 2,    ///< bytes; with pool_capacity once for every pool, ascending
    pool_capacity = 3, ///< blocks
    layout_end = 4,    ///< checksum of the control words since `begin`, see make_layout_end()
    checkpoint =
        5,         ///< events numbered so far, modulo 2^24: the next one's sequence number and more
    dropped = 6,   ///< number of events the target dropped since the previous `dropped` word
    alignment = 7, ///< asked by a request still to come, see make_alignment()
    digest_1 = 8,  ///< the digest of version 1
    context = 9,   ///< in which everything that follows happens, see context_limit and letter_shift
    identity = 10, ///< first 24 bits of the firmware's build ID; 0: it has none
    region = 11,   ///< offset of the region's first byte; the region ends with the heap
    size = 12,     ///< bytes asked for by the next event, see region_code
    stack =
        13, ///< identifier of the stack that asks for what follows, up to the next such word or check
    frames = 14, ///< a stack is announced, see make_frames()
    digest = 16, ///< of the words since the last digest; bits 27..0 of the word
};

/// Contexts are numbers below this. On Cortex-M a number below `first_thread` is an exception's (0:
/// none, 15: SysTick, 16 + n: interrupt n); number `first_thread` + n is thread n.
inline constexpr std::uint32_t context_limit = 0xFFFF;
inline constexpr std::uint32_t first_thread = 512;
/// A context word with a letter above its number is part of the context's name, which the next one
/// without a letter ends. Only that one says in which context the program is.
inline constexpr std::uint32_t letter_shift = 16;

/// What the host adds to the file.
enum class capture : std::uint8_t {
    target_ticks = 0, ///< ticks of the target's trace clock since the last time word
    host_micros = 1,  ///< microseconds of the host's clock since the last time word
    gap = 2,          ///< reason << 20 | number lost (0: not known), see enum gap_reason
};

enum class gap_reason : std::uint8_t {
    overflow = 0,  ///< the target's trace FIFO overflowed
    malformed = 1, ///< bytes that are not a packet; their number is given
    transport = 2, ///< the link or the host lost bytes; their number is given
};

/// One word, taken apart by getters. Any 32-bit value is a word; none of these fails.
struct word {
    std::uint32_t bits = 0;

    [[nodiscard]] constexpr operation op() const noexcept {
        return static_cast<operation>(bits >> 29U);
    }
    /// Sequence number of an event, 0..31.
    [[nodiscard]] constexpr std::uint32_t sequence() const noexcept { return bits >> 24U & 0x1FU; }
    [[nodiscard]] constexpr std::uint32_t data() const noexcept { return bits & data_mask; }
    /// Sub-operation of a control word. Those from 16 on are all digests.
    [[nodiscard]] constexpr control as_control() const noexcept {
        constexpr auto digest = static_cast<std::uint32_t>(control::digest);
        return static_cast<control>(sequence() < digest ? sequence() : digest);
    }
    [[nodiscard]] constexpr bool is_control(control sub) const noexcept {
        return op() == operation::control && as_control() == sub;
    }
    [[nodiscard]] constexpr capture as_capture() const noexcept {
        return static_cast<capture>(sequence());
    }
    /// Whether the word carries a sequence number.
    [[nodiscard]] constexpr bool is_event() const noexcept {
        return op() <= operation::failed || op() == operation::allocate_aligned;
    }
    [[nodiscard]] constexpr bool is_allocation() const noexcept {
        return op() == operation::allocate || op() == operation::allocate_aligned;
    }
    /// Code address of a caller word, modulo 2^30.
    [[nodiscard]] constexpr std::uint32_t code_address() const noexcept {
        return (bits & 0x1FFF'FFFFU) << 1U;
    }

    friend constexpr bool operator==(word, word) = default;
};

[[nodiscard]] constexpr std::uint32_t saturated(std::size_t value) noexcept {
    return value < data_mask ? static_cast<std::uint32_t>(value) : data_mask;
}

/// The word of an event; `sequence` is taken modulo 32, `data` must be below 2^24.
[[nodiscard]] constexpr word
event(operation op, std::uint32_t sequence, std::uint32_t data) noexcept {
    const std::uint32_t rest = static_cast<std::uint32_t>(op) << 29U | data;
    if (std::is_constant_evaluated() || std::endian::native != std::endian::little)
        return {rest | (sequence & 0x1FU) << 24U};
    // A bit field is one instruction on cores that insert bits.
    struct fields {
        std::uint32_t data : 24;
        std::uint32_t sequence : 5;
        std::uint32_t op : 3;
    };
    fields result = std::bit_cast<fields>(rest);
    result.sequence = sequence & 0x1FU;
    return {std::bit_cast<std::uint32_t>(result)};
}

[[nodiscard]] constexpr word caller(std::uint32_t code_address) noexcept {
    return {
        static_cast<std::uint32_t>(operation::caller) << 29U | (code_address >> 1U & 0x1FFF'FFFFU)
    };
}

[[nodiscard]] constexpr word make_control(control sub, std::uint32_t data) noexcept {
    return event(operation::control, static_cast<std::uint32_t>(sub), data & data_mask);
}

// -- Stacks ----------------------------------------------------------------------------------------

/// Frames of the longest stack that can be announced.
inline constexpr std::uint32_t stack_frame_limit = 31;

/// The hash of a stack and one more frame of it, outward; of no frame it is 0. Frames are code
/// addresses with all their bits.
[[nodiscard]] constexpr std::uint32_t stack_hash(std::uint32_t sum, std::uint32_t frame) noexcept {
    return std::rotl(sum, 7) + frame;
}
/// The hash, spread; its upper 24 bits are the stack's identifier, never 0.
[[nodiscard]] constexpr std::uint32_t stack_key(std::uint32_t hash) noexcept {
    const std::uint32_t key = hash * 0x9E37'79B1U;
    return key >> 8U == 0 ? key | 0x100U : key;
}
[[nodiscard]] constexpr std::uint32_t stack_id(std::uint32_t key) noexcept { return key >> 8U; }

/// What a `frames` word says. So many caller words follow it, innermost frame first, and then a
/// `stack` word with the identifier that these frames have.
struct announced_stack {
    std::uint32_t count = 0;
    bool is_whole = false; ///< its last frame is the program's first function, or an exception's
    /// Bits 31, 30 and 0 of every frame, in their places: those that caller words do not have.
    std::uint32_t other_bits = 0;
};
inline constexpr std::uint32_t frame_bits_elsewhere = 0xC000'0001;

[[nodiscard]] constexpr word make_frames(const announced_stack& stack) noexcept {
    return make_control(
        control::frames,
        stack.count << 19U | (stack.is_whole ? 1U << 18U : 0U) | (stack.other_bits >> 29U & 6U) |
            (stack.other_bits & 1U)
    );
}
[[nodiscard]] constexpr announced_stack decode_frames(word frames) noexcept {
    return {
        .count = frames.data() >> 19U,
        .is_whole = (frames.data() >> 18U & 1U) != 0,
        .other_bits = (frames.data() & 6U) << 29U | (frames.data() & 1U),
    };
}

/// The alignment of an allocation that asks for more than 8 bytes, or of a request that fails. It
/// precedes that request. Interrupts may put other events in between, so the word names the request:
/// whether it fails << 23 | log2, saturating << 19 | the low 19 bits of its data.
[[nodiscard]] constexpr word make_alignment(std::uint32_t log2, word request) noexcept {
    const std::uint32_t fails = request.op() == operation::failed ? 1 : 0;
    if (log2 > largest_alignment_log2) log2 = largest_alignment_log2;
    return make_control(
        control::alignment, fails << 23U | log2 << 19U | (request.data() & 0x7FFFFU)
    );
}
/// The log2 that an alignment word gives this request, largest_alignment_log2 for more, too; 0: none.
[[nodiscard]] constexpr std::uint32_t alignment_log2(word alignment, word request) noexcept {
    const std::uint32_t log2 = alignment.data() >> 19U & 0xFU;
    return alignment == make_alignment(log2, request) ? log2 : 0;
}

[[nodiscard]] constexpr word make_capture(capture sub, std::uint32_t data) noexcept {
    return event(operation::capture, static_cast<std::uint32_t>(sub), data & data_mask);
}

[[nodiscard]] constexpr word make_gap(gap_reason reason, std::uint64_t lost) noexcept {
    const std::uint64_t count = lost < 0xFFFFFU ? lost : 0xFFFFFU;
    return make_capture(
        capture::gap, static_cast<std::uint32_t>(reason) << 20U | static_cast<std::uint32_t>(count)
    );
}

// -- Digests ---------------------------------------------------------------------------------------

/// One more word in a digest, which covers every word that the target sends except digests, in the
/// order in which it sends them. Linear over GF(2), with shifts such that no two flipped bits within
/// 2,257 words cancel; any other damage escapes once in 2^28 times (bench/wire/digest_bench).
[[nodiscard]] constexpr std::uint32_t digest(std::uint32_t sum, word covered) noexcept {
    sum ^= sum << 8U;
    sum ^= sum >> 17U;
    return (sum << 4U | sum >> 28U) ^ covered.bits;
}

[[nodiscard]] constexpr word make_digest(std::uint32_t sum) noexcept {
    return {make_control(control::digest, 0).bits | (digest(sum, {}) >> 4U & digest_mask)};
}

// -- Announcement: the words by which a trace carries its own layout -------------------------------

/// Words of a check: checkpoint, digest. There are also checks alone, between announcements.
inline constexpr std::size_t check_size = 2;

/// Words of an announcement of `pool_count` pools: begin, heap_size, two a pool, region where there
/// is one, identity, layout_end, and the two of a check, checkpoint and digest.
[[nodiscard]] constexpr std::size_t
announcement_size(std::size_t pool_count, bool has_region = false) noexcept {
    return 4 + 2 * pool_count + (has_region ? 1 : 0) + check_size;
}

/// Flag of `begin`: every event since the last announcement was numbered. Without it the trace
/// starts here, its checkpoint is 0: the target has started, or ran for a while with nobody
/// listening.
inline constexpr std::uint32_t flag_continues = 1;

/// Flag of `begin` in version 1: each checkpoint is followed by a digest. From version 2 on each is.
inline constexpr std::uint32_t flag_digests_1 = 2;

/// Flag of `begin`: the target drops events instead of waiting for the link.
inline constexpr std::uint32_t flag_drops = 4;

[[nodiscard]] constexpr word with_flags(word begin, std::uint32_t flags) noexcept {
    return {(begin.bits & ~0xF000U) | (flags & 0xFU) << 12U};
}

/// One more word in the checksum of an announcement, which starts at 0. A rotation and an addition:
/// it sees a lost, doubled or changed word, which is what happens on a wire.
[[nodiscard]] constexpr std::uint32_t checksum(std::uint32_t sum, word next) noexcept {
    return ((sum << 7U | sum >> 17U) + next.bits * 0x9E37'79B1U / 256U) & data_mask;
}

/// What a begin word and a heap_size word say of a heap.
struct announced_heap {
    std::uint32_t version = version_without_stacks;
    std::uint32_t flags = 0;     ///< 4 bits
    std::uint32_t size = 0;      ///< bytes, 1..heap_size_limit
    std::uint32_t alignment = 0; ///< bytes
    std::size_t pool_count = 0;
};

[[nodiscard]] constexpr word make_begin(const announced_heap& heap) noexcept {
    std::uint32_t log2 = 0;
    while ((1U << log2) < heap.alignment)
        ++log2;
    const std::uint32_t data =
        heap.version << 16U | log2 << 8U | static_cast<std::uint32_t>(heap.pool_count);
    return with_flags(make_control(control::begin, data), heap.flags);
}

/// Decodes a begin word; the size has a word of its own.
[[nodiscard]] constexpr announced_heap decode_begin(word begin) noexcept {
    return {
        .version = begin.data() >> 16U,
        .flags = begin.data() >> 12U & 0xFU,
        .size = 0,
        .alignment = 1U << (begin.data() >> 8U & 0xFU),
        .pool_count = begin.data() & 0xFFU,
    };
}

/// Words of an announcement, all but the check, which is not a constant. Of the other words two
/// depend on what only the linker and the run know: identity, the last but one, and layout_end.
template <std::size_t Count>
struct announcement_words {
    word at[Count] = {};
    /// Checksum of the words before identity, taken without flag_continues. Every digest starts from
    /// it, so that one agrees only for a reader that knows the layout.
    std::uint32_t seed = 0;
};

/// The last word of an announcement but the check.
[[nodiscard]] constexpr word
make_layout_end(std::uint32_t seed, std::uint32_t identity, bool continues) noexcept {
    return make_control(control::layout_end, seed ^ identity ^ (continues ? flag_continues : 0U));
}

/// The announcement of a layout; HasRegion says whether it has a region.
template <bool HasRegion = false, std::size_t PoolCount = 0>
[[nodiscard]] constexpr auto announce(
    const heap_layout<PoolCount>& layout,
    std::uint32_t flags = 0,
    std::uint32_t identity = 0,
    std::uint32_t as_version = version_without_stacks
) noexcept {
    announcement_words<announcement_size(PoolCount, HasRegion) - check_size> words;
    const word begin = make_begin(
        {.version = as_version,
         .size = layout.size,
         .alignment = layout.alignment,
         .pool_count = PoolCount}
    );
    std::size_t next = 0;
    words.at[next++] = with_flags(begin, flags & ~flag_continues);
    words.at[next++] = make_control(control::heap_size, layout.size - 1);
    for (std::size_t i = 0; i < PoolCount; ++i) {
        words.at[next++] = make_control(control::pool_block, layout.pools[i].block);
        words.at[next++] = make_control(control::pool_capacity, layout.pools[i].capacity);
    }
    if constexpr (HasRegion)
        words.at[next++] = make_control(control::region, layout.region.first_block());
    for (std::size_t i = 0; i < next; ++i)
        words.seed = checksum(words.seed, words.at[i]);
    words.at[0] = with_flags(begin, flags);
    words.at[next++] = make_control(control::identity, identity);
    words.at[next] = make_layout_end(words.seed, identity, (flags & flag_continues) != 0);
    return words;
}

} // namespace drone::wire

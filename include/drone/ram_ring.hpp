// SPDX-License-Identifier: MIT
#pragma once

// The last words of a log port in RAM: a carrier that a debugger or a crash dump reads later.
// docs/porting.md has its use.

#include <drone/language.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace drone {

/// The header of a ring in memory. The host, which looks for it, shares this type. Little-endian.
struct ring_header {
    static constexpr std::uint32_t magic_low = 0xB6E1'93D7;
    static constexpr std::uint32_t magic_high = 0x8FA5'2C9B;
    static constexpr std::uint32_t format_version = 1;
    static constexpr unsigned words_log2_limit = 24;

    std::uint32_t magic[2];
    std::uint32_t shape;   ///< version << 24 | port << 16 | log2(words)
    std::uint32_t address; ///< of this header, on the target
    std::uint32_t check;   ///< check_of(shape, address), stored last
    std::uint32_t written; ///< words, see next_count()

    [[nodiscard]] static constexpr std::uint32_t
    shape_of(unsigned port, unsigned words_log2) noexcept {
        return format_version << 24U | port << 16U | words_log2;
    }
    [[nodiscard]] static constexpr std::uint32_t
    check_of(std::uint32_t shape, std::uint32_t address) noexcept {
        return std::rotl(shape * 0x9E37'79B1U, 13) ^ std::rotl(address, 7) ^ magic_low;
    }
    /// The count after one more word: it ascends, and where 2^32 would make it 0 goes on at
    /// `words`, a power of two, so that a ring that was full stays so.
    [[nodiscard]] static constexpr std::uint32_t
    next_count(std::uint32_t written, std::uint32_t words) noexcept {
        const std::uint32_t next = written + 1;
        return next == 0 ? words : next;
    }
};

/// A log_carrier of one port that keeps the last words in RAM. Words is a power of two; the memory
/// is 4 * Words + 24 bytes. Two traced heaps need two rings, of different ports.
///
///     +--------------------------------------------+-----------------------------------+
///     | magic | shape | address | check | written  |  words, the oldest overwritten    |
///     +--------------------------------------------+-----------------------------------+
///
/// `drone heap -f DUMP` finds the ring in any raw image of its memory (docs/formats.md). A dump is
/// whole, whatever the instruction at which the core stopped: a word is stored before it is
/// counted, and a reader skips the one place that may have either the oldest word or the newest. So
/// a ring of N words keeps N - 1.
///
/// After a reset that leaves the power on (watchdog, fault handler, button), the ring keeps its
/// words, if the linker script does not clear what arch/cortex_m/cortex_m.ld calls .noinit. Once a
/// boot the ring checks its header, and begins anew if the header is not whole. The words of the
/// new run follow those of the old one.
///
/// A ring is read by the layout that it holds. So the heap trace announces the layout as often as
/// `capacity_words` asks. An announcement has A = 6 + 2 * pools words, 7 with an overflow region.
/// The compiler refuses a ring of fewer than 2 * A + 4 words, and two more for each of callers,
/// contexts and a region.
///
/// Writes must not interrupt each other; the heap trace masks interrupts around each. A write takes
/// 12 instructions on a Cortex-M4, except for the first of a boot.
template <std::size_t Words, unsigned Port = 31>
class ram_ring {
public:
    static_assert(std::has_single_bit(Words), "a ring is a power of two of words");
    static_assert(
        Words >= 16 && Words <= std::size_t{1} << ring_header::words_log2_limit,
        "a ring has 16 to 2^24 words"
    );
    static_assert(Port < 32, "a log port is a number from 0 to 31");

    /// Words that are kept.
    static constexpr std::size_t capacity_words = Words - 1;

    [[nodiscard, gnu::always_inline]] static bool enabled(unsigned port) noexcept {
        return port == Port;
    }
    [[nodiscard, gnu::always_inline]] static bool ready(unsigned port) noexcept {
        return port == Port;
    }

    [[gnu::always_inline]] static void write(unsigned /*port*/, std::uint32_t word) noexcept {
        if (!is_begun_) [[unlikely]]
            begin();
        volatile memory& ring = drone_noinit_;
        const std::uint32_t written = ring.header.written;
        ring.words[written % Words] = word;
        ring.header.written = ring_header::next_count(written, Words);
    }
    /// Does nothing: the ring keeps words, not bytes.
    static void write(unsigned /*port*/, std::uint8_t /*byte*/) noexcept {}

    /// The memory as `drone heap` reads it, for a firmware that saves it before its first write.
    [[nodiscard]] static const void* data() noexcept { return &drone_noinit_; }
    [[nodiscard]] static constexpr std::size_t size_bytes() noexcept { return sizeof(memory); }

private:
    struct memory {
        ring_header header;
        std::uint32_t words[Words];
    };

    [[gnu::noinline, gnu::cold]] static void begin() noexcept {
        is_begun_ = true;
        constexpr std::uint32_t shape = ring_header::shape_of(Port, std::countr_zero(Words));
        const auto address =
            static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(&drone_noinit_));
        const std::uint32_t check = ring_header::check_of(shape, address);
        volatile ring_header& header = drone_noinit_.header;
        if (header.magic[0] == ring_header::magic_low &&
            header.magic[1] == ring_header::magic_high && header.shape == shape &&
            header.address == address && header.check == check)
            return;
        header.check = ~check;
        header.written = 0;
        header.magic[0] = ring_header::magic_low;
        header.magic[1] = ring_header::magic_high;
        header.shape = shape;
        header.address = address;
        header.check = check;
    }

    // Compilers drop a section attribute on a template's member, so the linker script goes by the
    // name.
    static inline memory drone_noinit_;
    static inline bool is_begun_ = false; // since the reset
};

} // namespace drone

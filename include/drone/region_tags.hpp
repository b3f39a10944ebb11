// SPDX-License-Identifier: MIT
#pragma once

// The tags of an overflow region.

#include <drone/bits.hpp>
#include <drone/region_layout.hpp>

#include <cstdint>

namespace drone {

/// The tags of an overflow region: one bit a granule, the lowest of a byte first. This type says
/// where they are and has no state. A block has at least two granules, so three tags are enough:
///
///     . 1 0    a block in use begins at the 1
///     0 1 1    a free block begins at the first 1
///
/// They are written in bytes, or half words at any byte, never beyond the last one. A core that
/// reads no word at any byte reads words at multiples of 4. Every function is O(1).
class region_tags {
public:
    constexpr region_tags() = default;
    /// `base`: the address that the tag of number 0 would have.
    explicit region_tags(std::uintptr_t base) noexcept : base_(base) {}

    /// The most granules of a block in use without a header.
    static constexpr std::uint32_t longest_small = small_request_limit / region_granule + 1;

    /// The tag of a number in bit 0, and at least the next eight above it.
    [[nodiscard, gnu::always_inline]] std::uint32_t from(std::uint32_t number) const noexcept {
        return bits::half_word_at(byte_of(number)) >> (number % 8);
    }
    [[nodiscard, gnu::always_inline]] bool is_set(std::uint32_t number) const noexcept {
        return (from(number) & 1U) != 0;
    }
    /// Requires a number at which a block begins, or the end.
    [[nodiscard, gnu::always_inline]] bool is_free(std::uint32_t begin) const noexcept {
        return (from(begin) & 3U) == 3;
    }
    /// Whether a free block begins there; any number but 0 may be asked about.
    [[nodiscard, gnu::always_inline]] bool begins_free(std::uint32_t number) const noexcept {
        return (from(number - 1) & 7U) == 6;
    }
    /// Whether a block in use begins there; any number from region_layout::first
    /// on.
    [[nodiscard]] bool begins_used(std::uint32_t number) const noexcept {
        const bool is_second = number != region_layout::first && begins_free(number - 1);
        return !is_second && (from(number) & 3U) == 1;
    }

    /// If a free block begins there, clears its tags. Returns whether it was free. Requires what
    /// is_free() requires.
    [[nodiscard, gnu::always_inline]] bool clear_if_free(std::uint32_t begin) const noexcept {
        const std::uintptr_t byte = byte_of(begin);
        const std::uint32_t mask = 3U << (begin % 8);
        const std::uint32_t half = bits::half_word_at(byte);
        if ((mask & ~half) != 0) return false;
        bits::set_half_word(byte, half & ~mask);
        return true;
    }
    [[gnu::always_inline]] void clear_two(std::uint32_t number) const noexcept {
        const std::uintptr_t byte = byte_of(number);
        bits::set_half_word(byte, bits::half_word_at(byte) & ~(3U << (number % 8)));
    }
    [[gnu::always_inline]] void set_two(std::uint32_t number) const noexcept {
        const std::uintptr_t byte = byte_of(number);
        bits::set_half_word(byte, bits::half_word_at(byte) | 3U << (number % 8));
    }
    [[gnu::always_inline]] void set_one(std::uint32_t number) const noexcept {
        tag_byte& byte = *reinterpret_cast<tag_byte*>(byte_of(number));
        byte = static_cast<std::uint8_t>(byte | 1U << (number % 8));
    }
    [[gnu::always_inline]] void clear_one(std::uint32_t number) const noexcept {
        tag_byte& byte = *reinterpret_cast<tag_byte*>(byte_of(number));
        byte = static_cast<std::uint8_t>(byte & ~(1U << (number % 8)));
    }
    /// The tag behind one.
    [[gnu::always_inline]] void set_second(std::uint32_t begin) const noexcept {
        if constexpr (!bits::reads_at_any_byte) return set_one(begin + 1);
        const std::uintptr_t byte = byte_of(begin);
        bits::set_half_word(byte, bits::half_word_at(byte) | 2U << (begin % 8));
    }
    [[gnu::always_inline]] void clear_second(std::uint32_t begin) const noexcept {
        if constexpr (!bits::reads_at_any_byte) return clear_one(begin + 1);
        const std::uintptr_t byte = byte_of(begin);
        bits::set_half_word(byte, bits::half_word_at(byte) & ~(2U << (begin % 8)));
    }

    /// The tags from one on, read once: whole words where a word can be read at any byte, else
    /// those in which they are.
    class near {
    public:
        [[gnu::always_inline]] near(std::uintptr_t base, std::uint32_t number) noexcept
            : words_(base + (bits::reads_at_any_byte ? number / 8 : number / 32 * 4)),
              shift_(number % (bits::reads_at_any_byte ? 8 : 32)), tags_(word(0) >> shift_) {}

        [[nodiscard, gnu::always_inline]] bool is_set() const noexcept { return (tags_ & 1U) != 0; }
        /// The length of a block in use that has no header and begins here: the distance to the
        /// next block. Anything above longest_small where none is near.
        [[nodiscard, gnu::always_inline]] std::uint32_t distance() const noexcept {
            if (const std::uint32_t behind = tags_ >> 1; behind != 0) [[likely]]
                return bits::trailing_zeros(behind) + 1;
            const std::uint32_t second = word(1);
            if constexpr (bits::reads_at_any_byte)
                return 32 - shift_ + bits::trailing_zeros(second);
            if (second != 0) return 32 - shift_ + bits::trailing_zeros(second);
            return 64 - shift_ + bits::trailing_zeros(word(2));
        }
        /// Whether there is none.
        [[nodiscard]] bool is_alone() const noexcept {
            return tags_ >> 1 == 0 && word(1) == 0 && (bits::reads_at_any_byte || word(2) == 0);
        }

    private:
        // On hosts other threads may be changing tags of blocks that are not asked about.
#if defined(__SANITIZE_THREAD__)
        [[gnu::no_sanitize("thread"), gnu::noinline]]
#else
        [[gnu::always_inline]]
#endif
        std::uint32_t word(std::uint32_t number) const noexcept {
            return bits::word_at(words_ + 4 * number);
        }

        std::uintptr_t words_;
        std::uint32_t shift_;
        std::uint32_t tags_;
    };
    [[nodiscard, gnu::always_inline]] near near_to(std::uint32_t number) const noexcept {
        return {base_, number};
    }

    /// The length of a block in use, longest_small + 1 where it is longer than longest_small.
    [[nodiscard]] std::uint32_t span(std::uint32_t begin) const noexcept {
        const near tags = near_to(begin);
        const std::uint32_t length = tags.is_alone() ? longest_small + 1 : tags.distance();
        return length <= longest_small ? length : longest_small + 1;
    }

private:
    using tag_byte [[gnu::may_alias]] = std::uint8_t;

    [[nodiscard, gnu::always_inline]] std::uintptr_t byte_of(std::uint32_t number) const noexcept {
        return base_ + number / 8;
    }

    std::uintptr_t base_ = 0;
};

} // namespace drone

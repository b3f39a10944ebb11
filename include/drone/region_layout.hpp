// SPDX-License-Identifier: MIT
#pragma once

// The place of an overflow region in the arena, and its counting, as constexpr data. Target, host
// and generator use this same code.
//
// A region consists of granules of 8 bytes. Its tags, one bit a granule, are in front of them:
//
//     ... pools | tags, a multiple of 8 bytes | granule | granule | ... | granule |
//               ^ offset                      ^ first_block()                     ^ end()
//
// Pure and constexpr. Any context.

#include <drone/bits.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace drone {

/// The unit in which the region's blocks are cut and aligned, bytes.
inline constexpr std::uint32_t region_granule = 8;

/// The largest request whose block has no header, bytes: two words of tags, read at any byte, show
/// the distance to the next block.
inline constexpr std::uint32_t small_request_limit = 440;

/// The smallest block, granules: a free block has its links, and its size twice.
inline constexpr std::uint32_t least_region_block = 2;

/// Granules of the block that serves a request of `size` bytes, at most 2 GiB. A block for more
/// than small_request_limit has a header of one granule.
[[nodiscard]] constexpr std::uint32_t region_granules(std::uint32_t size) noexcept {
    const std::uint32_t count = (size + region_granule - 1) / region_granule;
    if (size > small_request_limit) return count + 1;
    return count < least_region_block ? least_region_block : count;
}

/// The largest size for which the region would take fewer bytes than a pool's block has. In front
/// of a region a pool serves what is larger: it never takes more than the region would.
[[nodiscard]] constexpr std::uint32_t region_saves_up_to(std::uint32_t block) noexcept {
    std::uint32_t size = block;
    while (size != 0 && region_granules(size) * region_granule >= block)
        --size;
    return size;
}

/// A region's place in the arena; without granules there is none.
struct region_layout {
    std::uint32_t offset = 0;    ///< of the tags from the arena's start, a multiple of 8, bytes
    std::uint32_t tag_bytes = 0; ///< a multiple of 8
    std::uint32_t granules = 0;  ///< that blocks can take

    /// Granules are numbered from here on: smaller numbers are those of the bins, and in front of
    /// the first granule there is a tag that is clear.
    static constexpr std::uint32_t first = 33;
    /// The number after the last granule.
    [[nodiscard]] constexpr std::uint32_t last() const noexcept { return first + granules; }

    /// Offset of the first granule.
    [[nodiscard]] constexpr std::uint32_t first_block() const noexcept {
        return offset + tag_bytes;
    }
    /// Offset after the last granule.
    [[nodiscard]] constexpr std::uint32_t end() const noexcept {
        return first_block() + granules * region_granule;
    }

    /// Whether this offset in the arena lies in the region.
    [[nodiscard]] constexpr bool holds(std::uint32_t at) const noexcept {
        return granules != 0 && at >= offset && at < end();
    }

    friend constexpr bool operator==(const region_layout&, const region_layout&) = default;
};

/// The region of the bytes from `begin` to `end` of an arena that is aligned to 8: as many granules
/// as fit beside their tags, none where not even one block would fit.
[[nodiscard]] constexpr region_layout
place_region(std::uint32_t begin, std::uint32_t end) noexcept {
    const auto tag_bytes = [](std::uint32_t granules) {
        // The clear tag in front, the set one that ends the last block, and one more, read as half
        // words at any byte.
        return ((granules + 2) / 8 + 2 + 7) / 8 * 8;
    };
    const std::uint64_t offset = (std::uint64_t{begin} + 7) / 8 * 8;
    if (offset > end) return {};
    const std::uint64_t bytes = end - offset;
    auto granules = static_cast<std::uint32_t>(bytes * 8 / 65 + 1); // a bit for every 64
    while (granules != 0 && tag_bytes(granules) + std::uint64_t{granules} * region_granule > bytes)
        --granules;
    if (granules < least_region_block) return {};
    return {
        .offset = static_cast<std::uint32_t>(offset),
        .tag_bytes = tag_bytes(granules),
        .granules = granules
    };
}

/// Which of 31 bins a free block of so many granules is in. An octave of sizes has two bins, the
/// larger ones one: as many as leave one for every octave that the region can hold.
class region_bins {
public:
    /// For a region of so many granules.
    constexpr explicit region_bins(std::uint32_t granules) noexcept {
        const auto largest = static_cast<std::uint32_t>(std::bit_width(granules)) - 1;
        std::uint32_t left = 31;
        std::uint32_t next = 0;
        for (std::uint32_t octave = 0; octave <= largest && octave < 32; ++octave) {
            const std::uint32_t width_log2 = octave < 1 || 2 + (largest - octave) > left ? 0 : 1;
            const std::uint32_t width = 1U << width_log2;
            of_[31 - octave] = static_cast<std::int16_t>(
                (static_cast<std::int32_t>(next) - static_cast<std::int32_t>(width)) * 256 +
                static_cast<std::int32_t>(octave - width_log2)
            );
            next += width;
            if (octave != 0) left -= width; // bin 0 is the one that holds nothing
        }
    }

    /// The bin of so many granules, at least one.
    [[nodiscard, gnu::always_inline]] constexpr std::uint32_t of(std::uint32_t granules
    ) const noexcept {
        return stepped(granules, step(static_cast<std::uint32_t>(__builtin_clz(granules))));
    }

    /// How a number with so many leading zeros becomes that of its bin: the low byte is a shift to
    /// the right, the high one, signed, is then added.
    [[nodiscard]] constexpr std::int32_t step(std::uint32_t leading_zeros) const noexcept {
        return of_[leading_zeros];
    }
    [[nodiscard, gnu::always_inline]] static constexpr std::uint32_t
    stepped(std::uint32_t granules, std::int32_t step) noexcept {
        if (std::is_constant_evaluated())
            return (granules >> (step & 0xFF)) + static_cast<std::uint32_t>(step >> 8);
        return bits::shift_right_by_low_byte(granules, step) +
               static_cast<std::uint32_t>(step >> 8);
    }

private:
    std::int16_t of_[32] = {};
};

/// The same for a size that is known: no more of the table than that needs.
template <std::uint32_t Granules>
class static_region_bins {
public:
    constexpr explicit static_region_bins(std::uint32_t) noexcept {
        for (std::uint32_t zeros = least; zeros < 32; ++zeros)
            of_[zeros - least] = static_cast<std::int16_t>(region_bins(Granules).step(zeros));
    }
    [[nodiscard, gnu::always_inline]] std::uint32_t of(std::uint32_t granules) const noexcept {
        const auto zeros = static_cast<std::uint32_t>(__builtin_clz(granules));
        return region_bins::stepped(granules, of_[zeros - least]);
    }

private:
    /// Zeros above the largest number.
    static constexpr std::uint32_t least = static_cast<std::uint32_t>(std::countl_zero(Granules));

    std::int16_t of_[32 - least] = {};
};

/// The same for cores that do not count zeros: a table for the small numbers, one more for those
/// above, shifted right, and so on.
template <std::uint32_t Granules>
class tabled_region_bins {
public:
    constexpr explicit tabled_region_bins(std::uint32_t) noexcept {
        for (std::size_t level = 0; level < plan.levels; ++level) {
            const std::uint32_t shift = plan.shift[level];
            const std::uint32_t end = level + 1 == plan.levels ? Granules + 1 : plan.end(level);
            for (std::uint32_t at = 1; at << shift < end; ++at)
                of_[plan.offset[level] + at] = static_cast<std::uint8_t>(all.of(at << shift));
        }
    }

    [[nodiscard, gnu::always_inline]] std::uint32_t of(std::uint32_t granules) const noexcept {
        return look_up<0>(granules);
    }

private:
    static constexpr region_bins all{Granules};
    /// Of a level, but for the last: small tables, or few levels and so few comparisons. Up to level 1
    /// of the small ones no comparison is with more than ARMv6-M has as an operand, 255.
    [[nodiscard]] static constexpr std::uint32_t width(std::size_t level) noexcept {
        if (bits::for_size) return level == 0 ? 16 : 32;
        return level == 0 ? 64 : 128;
    }

    struct levels_plan {
        std::size_t levels = 0;
        std::uint32_t shift[11] = {};
        std::uint32_t offset[12] = {};
        [[nodiscard]] constexpr std::uint32_t end(std::size_t level) const noexcept {
            return width(level) << shift[level];
        }
    };
    static constexpr levels_plan plan = [] {
        levels_plan made;
        std::uint32_t next = 1; // the first number that no level has
        while (next <= Granules) {
            const auto shift = static_cast<std::uint32_t>(
                all.step(static_cast<std::uint32_t>(std::countl_zero(next))) & 0xFF
            );
            made.shift[made.levels] = shift;
            const std::uint32_t last = Granules >> shift;
            made.offset[made.levels + 1] =
                made.offset[made.levels] +
                (last < width(made.levels) ? last + 1 : width(made.levels));
            next = made.end(made.levels++);
        }
        return made;
    }();

    template <std::size_t Level>
    [[nodiscard, gnu::always_inline]] std::uint32_t look_up(std::uint32_t granules) const noexcept {
        if constexpr (Level + 1 < plan.levels) {
            if (granules >= plan.end(Level)) return look_up<Level + 1>(granules);
        }
        return of_[plan.offset[Level] + (granules >> plan.shift[Level])];
    }

    std::uint8_t of_[plan.offset[plan.levels]] = {};
};

} // namespace drone

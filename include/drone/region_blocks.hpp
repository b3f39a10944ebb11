// SPDX-License-Identifier: MIT
#pragma once

// The blocks of an overflow region as one operation sees them, and its free ones in lists by size.
// region.hpp draws them.

#include <drone/bits.hpp>
#include <drone/region_layout.hpp>
#include <drone/region_tags.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

/// The free blocks of a region in 31 lists by size, their heads by bin. Index is what numbers a
/// granule. The bit of bin i is 32 - i where leading zeros are what can be counted, else i. Bin 0 is
/// empty.
template <class Index>
struct region_lists {
    static constexpr std::uint32_t bin_count = 32;

    Index heads[bin_count] = {}; ///< by bin; 0: empty
    std::uint32_t non_empty = 0; ///< bit_of() every bin that is not

    [[gnu::always_inline]] static std::uint32_t bit_of(std::uint32_t bin) noexcept {
        if constexpr (!bits::counts_zeros) return 1U << bin;
        return bits::one_rotated(bin);
    }
    /// The first bin above one; `bins` has one.
    [[gnu::always_inline]] static std::uint32_t
    first_above(std::uint32_t bin, std::uint32_t bins) noexcept {
        if constexpr (!bits::counts_zeros) return bits::trailing_zeros(bins) + bin + 1;
        return bits::leading_zeros(bins) + bin + 1;
    }
    [[gnu::always_inline]] static std::uint32_t
    above(std::uint32_t bin, std::uint32_t bins) noexcept {
        if constexpr (!bits::counts_zeros) return bins >> bin >> 1;
        return bins << bin;
    }
    [[nodiscard]] static std::uint32_t highest(std::uint32_t bins) noexcept {
        if constexpr (!bits::counts_zeros) return 31 - bits::leading_zeros(bins);
        return 32 - bits::trailing_zeros(bins);
    }
};

/// What an operation of a region works with. Numbers are granules': base + 8 * number is an address.
template <class Index>
struct region_blocks {
    using lists = region_lists<Index>;
    static_assert(region_layout::first >= lists::bin_count && (region_layout::first - 1) % 8 == 0);

    /// What the first bytes of a free block hold.
    struct [[gnu::may_alias]] free_block {
        Index size;   ///< granules; all that a long block's header has
        Index next;   ///< in the list, 0 at its end
        Index before; ///< in the list; the number of the list's bin for its head
    };
    static_assert(sizeof(free_block) + sizeof(Index) <= least_region_block * region_granule);
    using last_bytes [[gnu::may_alias]] = Index;

    /// A block in use: its first granule, how many it has, and whether its length is in a header.
    struct used {
        std::uint32_t begin;
        std::uint32_t length;
        bool is_long;
    };

    lists* kept;
    std::uintptr_t base;
    region_tags tags;
    std::uint32_t register_;

    // Between begin() and end() the bits of the lists are in a register, where there are enough of
    // them, and operations do not share their parts as functions.
    static constexpr bool in_register = !bits::for_size && bits::counts_zeros;
    [[gnu::always_inline]] void begin() noexcept {
        if constexpr (in_register) register_ = kept->non_empty;
    }
    [[gnu::always_inline]] void end() const noexcept {
        if constexpr (in_register) kept->non_empty = register_;
    }
    [[gnu::always_inline]] std::uint32_t& non_empty() noexcept {
        return in_register ? register_ : kept->non_empty;
    }

    [[gnu::always_inline]] free_block& block(std::uint32_t begin) const noexcept {
        return *reinterpret_cast<free_block*>(base + std::uintptr_t{begin} * region_granule);
    }
    [[gnu::always_inline]] void* payload(std::uint32_t number) const noexcept {
        const std::uintptr_t address = base + std::uintptr_t{number} * region_granule;
        if (address == 0) __builtin_unreachable();
        return reinterpret_cast<void*>(address);
    }
    [[gnu::always_inline]] last_bytes& in_front(std::uint32_t number) const noexcept {
        return reinterpret_cast<last_bytes*>(base + std::uintptr_t{number} * region_granule)[-1];
    }

    /// Numbers have as many bits as an index.
    [[gnu::always_inline]] static void store(Index& to, std::uint32_t number) noexcept {
        bits::store(to, number);
    }

    /// The left neighbour's size, if that is free; anything, if it is in use: on hosts another thread
    /// may be writing it.
#if defined(__SANITIZE_THREAD__)
    [[gnu::no_sanitize("thread"), gnu::noinline]]
#else
    [[gnu::always_inline]]
#endif
    static std::uint32_t size_in_front(const region_blocks& now, std::uint32_t number) noexcept {
        return now.in_front(number);
    }

    /// Whether `left`, `begin` less any index, is a granule's number and no larger.
    [[gnu::always_inline]] static bool
    is_left_of(std::uint32_t left, std::uint32_t begin) noexcept {
        if constexpr (sizeof(Index) < sizeof left)
            return static_cast<std::int32_t>(left) >=
                   static_cast<std::int32_t>(region_layout::first);
        return left >= region_layout::first && left <= begin;
    }

    /// The block in use whose payload is at this address.
    [[gnu::always_inline]] used find(const void* address) const noexcept {
        const auto number = static_cast<std::uint32_t>(
            (reinterpret_cast<std::uintptr_t>(address) - base) / region_granule
        );
        const region_tags::near near = tags.near_to(number);
        if (near.is_set()) return {.begin = number, .length = near.distance(), .is_long = false};
        return {.begin = number - 1, .length = block(number - 1).size, .is_long = true};
    }

    /// Puts a free block into the list of its bin; its tags are set.
    [[gnu::always_inline]] void
    put(std::uint32_t bin, std::uint32_t begin, std::uint32_t length) noexcept {
        free_block& made = block(begin);
        Index& head = kept->heads[bin];
        const std::uint32_t next = head;
        store(head, begin);
        store(made.size, length);
        store(made.next, next);
        store(made.before, bin);
        store(in_front(begin + length), length);
        if (next != 0) store(block(next).before, begin);
        non_empty() |= lists::bit_of(bin);
    }

    /// Takes a free block out of its list; its tags stay.
    [[gnu::always_inline]] void take_out(std::uint32_t begin) noexcept {
        const free_block& old = block(begin);
        const std::uint32_t next = old.next;
        const std::uint32_t before = old.before;
        if (before < lists::bin_count) {
            store(kept->heads[before], next);
            if (next == 0) non_empty() &= ~lists::bit_of(before);
        } else {
            store(block(before).next, next);
        }
        if (next != 0) store(block(next).before, before);
    }
};

} // namespace drone

// SPDX-License-Identifier: MIT
#pragma once

// The overflow region: memory that serves requests of any size in a bounded number of steps.
//
// Blocks are cut from granules of 8 bytes and lie side by side. What is known of them stands in
// tags beside them, one bit a granule, not in front of them:
//
//     tags      1 0 0 . 1 1 . . . . 1 0 . . . . .  ...  1 0 0      1: a block begins here
//     granules  | used | free      | used           |  ...   | end    11: it is free
//
// A used block of up to 56 granules is all the user's: its size is the distance to the next tag. A
// longer one begins with a granule that holds its size; the tag of its payload is clear, which
// tells the two apart. A free block keeps, in itself, its links, its size, and its size once more
// in its last bytes, where its right neighbour finds it:
//
//     free:  [ size | next | before | ...                                   | size ]
//     long:  [ size | ...           | payload ...
//
// Those last bytes may be a user's, if the left neighbour is in use. They are believed only when a
// free block begins where they point to, and that block's own size is the same: no data can forge
// it.
//
// Free blocks are in 31 lists by size; a word has a bit for each that is not empty. The head of the
// request's own list is tried, then the first list above, in which every block is large enough.
//
// Guarantees. No operation loops over blocks. Neighbours are never both free. Every payload is a
// multiple of 8. A user's overrun cannot reach a tag. Whether an address is that of a block in use,
// and how large that is, is known without trusting anything that a user can write, but for the size
// of long blocks.
//
// Limits. One context at a time: shared_region.hpp makes it one of many.

#include <drone/bits.hpp>
#include <drone/region_layout.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace drone {

/// The place of a region that is fixed when the program is compiled.
template <const auto& Layout>
struct static_region_place {
    static constexpr bool exists = Layout.region.granules != 0;
    /// What numbers a granule.
    using index =
        std::conditional_t<(Layout.region.last() < UINT16_MAX), std::uint16_t, std::uint32_t>;

    [[nodiscard]] static constexpr const region_layout& layout() noexcept { return Layout.region; }
    [[nodiscard]] static constexpr std::int32_t bin_step(std::uint32_t leading_zeros) noexcept {
        return bins.step(leading_zeros);
    }

private:
    static constexpr region_bins bins{Layout.region.granules};
};

/// What an address is to a region.
enum class region_kind : std::uint8_t {
    used, ///< allocate() returned it, and it was not given back
    free, ///< a free block begins here
    none, ///< neither
};

/// A region of the arena. Place: static_region_place, or a type with the same members. All zero is
/// what it is before initialize().
template <class Place>
class region {
public:
    using index = typename Place::index;

    constexpr region() = default;
    constexpr explicit region(Place place) : place_(place) {}

    /// Makes all of it one free block. O(granules / 8). Once, before any other use.
    void initialize(std::byte* arena) noexcept {
        const region_layout& at = place_.layout();
        __builtin_memset(arena + at.offset, 0, at.tag_bytes);
        set_tags(arena, at.last(), 1);
        set_tags(arena, at.first, 3);
        non_empty_ = put(arena, at.first, at.granules, 0);
    }

    /// Granules of the block for so many bytes, aligned to 8 or less; 0 when it is larger than the
    /// region.
    [[nodiscard, gnu::always_inline]] std::uint32_t granules_for(std::size_t size) const noexcept {
        if (size > place_.layout().granules * region_granule) return 0;
        return region_granules(static_cast<std::uint32_t>(size));
    }

    /// A block of at least `size` bytes, or null. `count` is granules_for(size), not 0.
    [[nodiscard, gnu::always_inline]] void*
    allocate(std::byte* arena, std::size_t size, std::uint32_t count) noexcept {
        const taken block = take(arena, count);
        if (block.begin == 0) return nullptr;
        if (size <= small_request_limit) return granule_at(arena, block.begin);
        node(arena, block.begin).size = static_cast<index>(block.length);
        return granule_at(arena, block.begin + 1);
    }

    /// The same, its address a multiple of `alignment`, a power of two above 8.
    [[nodiscard]] void* allocate_aligned(
        std::byte* arena, std::size_t size, std::uint32_t count, std::size_t alignment
    ) noexcept {
        const region_layout& at = place_.layout();
        if (alignment > at.granules * region_granule) return nullptr;
        const auto step = static_cast<std::uint32_t>(alignment / region_granule);
        // In front of the aligned block is a block or nothing: never a single granule.
        if (count + step + 1 > at.granules) return nullptr;
        auto [begin, length] = take(arena, count + step + 1);
        if (begin == 0) return nullptr;
        const std::uint32_t header = size > small_request_limit ? 1 : 0;
        const auto address = reinterpret_cast<std::uintptr_t>(granule_at(arena, begin + header));
        auto front = static_cast<std::uint32_t>((~address + 1) % alignment / region_granule);
        if (front == 1) front += step;
        if (front != 0) {
            set_tags(arena, begin, 3);
            non_empty_ = put(arena, begin, front, non_empty_);
            begin += front;
            length -= front;
            set_tags(arena, begin, 1);
        }
        length = cut(arena, begin, length, count);
        if (header != 0) node(arena, begin).size = static_cast<index>(length);
        return granule_at(arena, begin + header);
    }

    /// Gives a block back. Requires one in use.
    [[gnu::always_inline]] void deallocate(std::byte* arena, void* address) noexcept {
        const used block = find(arena, address);
        std::uint32_t begin = block.begin;
        std::uint32_t length = block.length;
        std::uint32_t non_empty = non_empty_;
        const std::uint32_t right = begin + length;
        if (is_free(arena, right)) {
            clear_tags(arena, right, 3);
            non_empty = take_out(arena, right, non_empty);
            length += node(arena, right).size;
        }
        const std::uint32_t size_left = size_in_front(arena, begin);
        const std::uint32_t left = begin - size_left;
        if (is_free_block(arena, left, begin) && node(arena, left).size == size_left) {
            non_empty = take_out(arena, left, non_empty);
            clear_tags(arena, begin, 1);
            begin = left;
            length += size_left;
        } else {
            set_tags(arena, begin, 3);
        }
        non_empty_ = put(arena, begin, length, non_empty);
    }

    /// Makes the block one for `size` bytes where it is: grows into a free neighbour on its right,
    /// gives a tail back. Whether it could. Requires a block in use.
    [[nodiscard]] bool resize(std::byte* arena, void* address, std::size_t size) noexcept {
        const used block = find(arena, address);
        std::uint32_t count = granules_for(size);
        if (count == 0) return false;
        if (block.is_long) {
            // It keeps its header, and so many granules that it is known by its length.
            if (count <= longest_small) count = longest_small + 1;
        } else if (size > small_request_limit) {
            return false;
        }
        std::uint32_t length = block.length;
        const std::uint32_t right = block.begin + length;
        if (count > length &&
            (!is_free(arena, right) || count > length + std::uint32_t{node(arena, right).size}))
            return false;
        length = cut(arena, block.begin, length, count);
        if (block.is_long) node(arena, block.begin).size = static_cast<index>(length);
        return true;
    }

    /// Bytes of a block in use, all of them usable.
    [[nodiscard]] std::size_t
    block_size(const std::byte* arena, const void* address) const noexcept {
        const used block = find(const_cast<std::byte*>(arena), address);
        return std::size_t{block.length - (block.is_long ? 1 : 0)} * region_granule;
    }

    /// What an address is; any pointer may be asked about.
    [[nodiscard]] region_kind kind_of(const std::byte* arena, const void* address) const noexcept;

    /// The largest request that would be served now, bytes. O(1).
    [[nodiscard]] std::size_t largest_request(const std::byte* arena) const noexcept {
        if (non_empty_ == 0) return 0;
        const std::uint32_t bin = highest(non_empty_);
        const std::uint32_t size = node(const_cast<std::byte*>(arena), heads_[bin]).size;
        if (size > longest_small) return std::size_t{size - 1} * region_granule;
        // No request needs 56 granules.
        return std::size_t{size < longest_small ? size : size - 1} * region_granule;
    }

    /// Calls `visit(kind, begin, length)` for every block from the left: offset in the arena and
    /// bytes, header included. Ends early, and returns false, where the tags do not fit together.
    /// O(blocks).
    template <class Visitor>
    bool for_each_block(const std::byte* arena, Visitor visit) const noexcept;

    /// Whether tags, sizes and lists fit together. O(blocks).
    [[nodiscard]] bool invariants_hold(const std::byte* arena) const noexcept;

    [[nodiscard]] const region_layout& layout() const noexcept { return place_.layout(); }

private:
    static constexpr std::uint32_t longest_small = small_request_limit / region_granule + 1;
    static constexpr std::uint32_t bin_count = 32;
    static_assert(region_layout::first >= bin_count);

    struct [[gnu::may_alias]] free_block {
        index size;   ///< granules; all that a long block's header has
        index next;   ///< in the list, 0 at its end
        index before; ///< in the list; the number of the list's bin for its head
    };
    static_assert(sizeof(free_block) + sizeof(index) <= least_region_block * region_granule);
    using last_bytes [[gnu::may_alias]] = index;

    struct taken {
        std::uint32_t begin; ///< 0: there is none
        std::uint32_t length;
    };
    struct used {
        std::uint32_t begin;
        std::uint32_t length;
        bool is_long;
    };

    // Granules by number.

    [[gnu::always_inline]] std::byte*
    granule_at(std::byte* arena, std::uint32_t number) const noexcept {
        return arena + place_.layout().first_block() +
               (static_cast<std::ptrdiff_t>(number) - std::ptrdiff_t{region_layout::first}) *
                   std::ptrdiff_t{region_granule};
    }
    [[gnu::always_inline]] std::uint32_t
    number_of(const std::byte* arena, const void* address) const noexcept {
        return static_cast<std::uint32_t>(
                   static_cast<const std::byte*>(address) - arena -
                   static_cast<std::ptrdiff_t>(place_.layout().first_block())
               ) / region_granule +
               region_layout::first;
    }
    [[gnu::always_inline]] free_block& node(std::byte* arena, std::uint32_t number) const noexcept {
        return *reinterpret_cast<free_block*>(granule_at(arena, number));
    }
    [[gnu::always_inline]] last_bytes*
    in_front(std::byte* arena, std::uint32_t number) const noexcept {
        return reinterpret_cast<last_bytes*>(granule_at(arena, number)) - 1;
    }

    /// The left neighbour's size, if that is free; anything, if it is in use: on hosts another
    /// thread may be writing it.
#if defined(__SANITIZE_THREAD__)
    [[gnu::no_sanitize("thread"), gnu::noinline]]
#else
    [[gnu::always_inline]]
#endif
    std::uint32_t size_in_front(std::byte* arena, std::uint32_t number) const noexcept {
        return __atomic_load_n(in_front(arena, number), __ATOMIC_RELAXED);
    }

    // Tags. The number of the tag in bit 0 of the first byte is region_layout::first - 1.

    static_assert((region_layout::first - 1) % 8 == 0);

    [[gnu::always_inline]] std::byte*
    tags_at(std::byte* arena, std::uint32_t number) const noexcept {
        return arena + place_.layout().offset + static_cast<std::ptrdiff_t>(number / 8) -
               std::ptrdiff_t{(region_layout::first - 1) / 8};
    }
    [[gnu::always_inline]] static std::uint32_t word_at(const std::byte* byte) noexcept {
        std::uint32_t word;
        __builtin_memcpy(&word, byte, sizeof word);
        return word;
    }
    [[gnu::always_inline]] static std::uint32_t half_word_at(const std::byte* byte) noexcept {
        std::uint16_t half;
        __builtin_memcpy(&half, byte, sizeof half);
        return half;
    }
    // Written as half words: behind the tags are granules, which are not ours.
    [[gnu::always_inline]] static void set_half_word(std::byte* byte, std::uint32_t to) noexcept {
        const auto half = static_cast<std::uint16_t>(to);
        __builtin_memcpy(byte, &half, sizeof half);
    }
    [[gnu::always_inline]] void
    set_tags(std::byte* arena, std::uint32_t number, std::uint32_t mask) const noexcept {
        std::byte* const byte = tags_at(arena, number);
        set_half_word(byte, half_word_at(byte) | mask << (number % 8));
    }
    [[gnu::always_inline]] void
    clear_tags(std::byte* arena, std::uint32_t number, std::uint32_t mask) const noexcept {
        std::byte* const byte = tags_at(arena, number);
        set_half_word(byte, half_word_at(byte) & ~(mask << (number % 8)));
    }
    /// The tag of this granule and of those behind, 9 of them.
    [[gnu::always_inline]] std::uint32_t
    tags(std::byte* arena, std::uint32_t number) const noexcept {
        return half_word_at(tags_at(arena, number)) >> (number % 8);
    }

    /// Whether the block that begins here, or the end of the region, is free.
    [[gnu::always_inline]] bool is_free(std::byte* arena, std::uint32_t begin) const noexcept {
        return (tags(arena, begin) & 3U) == 3;
    }

    /// Whether a free block begins here, left of `end`; anything may be asked about.
    [[gnu::always_inline]] bool
    is_free_block(std::byte* arena, std::uint32_t number, std::uint32_t end) const noexcept {
        // Of two tags the first is the second granule's of a free block when one is in front.
        return number - region_layout::first < end - region_layout::first &&
               (tags(arena, number - 1) & 7U) == 6;
    }

    /// The distance from a block in use that has no header to the next block.
    [[gnu::always_inline]] std::uint32_t
    distance(std::byte* arena, std::uint32_t begin) const noexcept {
        const std::byte* const byte = tags_at(arena, begin);
        const std::uint32_t near = word_at(byte) >> (begin % 8) >> 1;
        if (near != 0) return bits::trailing_zeros(near) + 1;
        return 32 - begin % 8 + bits::trailing_zeros(word_at(byte + 4));
    }

    /// The same where the block may be a long one: 57 or more stands for any length of those.
    [[nodiscard]] std::uint32_t span(std::byte* arena, std::uint32_t begin) const noexcept {
        const std::byte* const byte = tags_at(arena, begin);
        if (word_at(byte) >> (begin % 8) >> 1 == 0 && word_at(byte + 4) == 0)
            return longest_small + 1;
        return distance(arena, begin);
    }

    /// Whether a block in use begins here; any granule may be asked about.
    [[nodiscard]] bool begins_used(std::byte* arena, std::uint32_t number) const noexcept {
        const bool is_second = number != region_layout::first &&
                               is_free_block(arena, number - 1, place_.layout().last());
        return !is_second && (tags(arena, number) & 3U) == 1;
    }

    /// The block in use whose payload is at this address.
    [[gnu::always_inline]] used find(std::byte* arena, const void* address) const noexcept {
        const std::uint32_t number = number_of(arena, address);
        if ((tags(arena, number) & 1U) != 0)
            return {.begin = number, .length = distance(arena, number), .is_long = false};
        return {.begin = number - 1, .length = node(arena, number - 1).size, .is_long = true};
    }

    // Bins. The bit of bin i is 32 - i where leading zeros are what can be counted, else i. Bin 0
    // is empty.

    [[gnu::always_inline]] std::uint32_t bin_of(std::uint32_t granules) const noexcept {
        const std::int32_t step = place_.bin_step(bits::leading_zeros(granules));
        return (granules >> (step & 0xFF)) + static_cast<std::uint32_t>(step >> 8);
    }
    [[gnu::always_inline]] static std::uint32_t bit_of(std::uint32_t bin) noexcept {
        if constexpr (!bits::counts_zeros) return 1U << bin;
        return 1U << (-bin & 31U);
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

    /// Puts a free block into its list; its tags are set. Returns which lists are not empty.
    [[gnu::always_inline]] std::uint32_t
    put(std::byte* arena, std::uint32_t begin, std::uint32_t length, std::uint32_t non_empty
    ) noexcept {
        const std::uint32_t bin = bin_of(length);
        free_block& block = node(arena, begin);
        const index next = heads_[bin];
        heads_[bin] = static_cast<index>(begin);
        block.next = next;
        block.before = static_cast<index>(bin);
        block.size = static_cast<index>(length);
        *in_front(arena, begin + length) = static_cast<index>(length);
        if (next != 0) node(arena, next).before = static_cast<index>(begin);
        return non_empty | bit_of(bin);
    }

    /// Takes a free block out of its list; its tags stay. Returns which lists are not empty.
    [[gnu::always_inline]] std::uint32_t
    take_out(std::byte* arena, std::uint32_t begin, std::uint32_t non_empty) noexcept {
        const free_block& block = node(arena, begin);
        const index next = block.next;
        const std::uint32_t before = block.before;
        if (before < bin_count) {
            heads_[before] = next;
            if (next == 0) non_empty &= ~bit_of(before);
        } else {
            node(arena, before).next = next;
        }
        if (next != 0) node(arena, next).before = static_cast<index>(before);
        return non_empty;
    }

    /// A block of `count` granules, or one more, in use. Its long header is not yet written.
    [[gnu::always_inline]] taken take(std::byte* arena, std::uint32_t count) noexcept {
        std::uint32_t non_empty = non_empty_;
        std::uint32_t bin = bin_of(count - 1);
        std::uint32_t begin = heads_[bin];
        if (begin == 0 || node(arena, begin).size < count) {
            const std::uint32_t larger = above(bin, non_empty);
            if (larger == 0) return {};
            bin = first_above(bin, larger);
            begin = heads_[bin];
        }
        std::uint32_t length = node(arena, begin).size;
        const index next = node(arena, begin).next;
        heads_[bin] = next;
        if (next != 0) {
            node(arena, next).before = static_cast<index>(bin);
        } else {
            non_empty &= ~bit_of(bin);
        }
        clear_tags(arena, begin, 2);
        if (length - count >= least_region_block) {
            set_tags(arena, begin + count, 3);
            non_empty = put(arena, begin + count, length - count, non_empty);
            length = count;
        }
        non_empty_ = non_empty;
        return {.begin = begin, .length = length};
    }

    /// Makes a block in use `count` granules long, or one more: what is behind, with a free right
    /// neighbour, becomes a free block. Requires that they hold `count`. Returns the length.
    std::uint32_t
    cut(std::byte* arena, std::uint32_t begin, std::uint32_t length, std::uint32_t count) noexcept {
        if (count == length) return length;
        const std::uint32_t right = begin + length;
        if (is_free(arena, right)) {
            clear_tags(arena, right, 3);
            non_empty_ = take_out(arena, right, non_empty_);
            length += node(arena, right).size;
        }
        if (length - count < least_region_block) return length;
        set_tags(arena, begin + count, 3);
        non_empty_ = put(arena, begin + count, length - count, non_empty_);
        return count;
    }

    [[no_unique_address]] Place place_{};
    index heads_[bin_count] = {}; ///< of the lists, by bin; 0: empty
    std::uint32_t non_empty_ = 0; ///< bit_of() every bin that is not
};

template <class Place>
region_kind region<Place>::kind_of(const std::byte* base, const void* address) const noexcept {
    auto* const arena = const_cast<std::byte*>(base);
    const region_layout& at = place_.layout();
    // Compared as integers: a foreign pointer is in no order with the arena's.
    const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(address) -
                                  reinterpret_cast<std::uintptr_t>(arena + at.first_block());
    if (offset % region_granule != 0 || offset / region_granule >= at.granules)
        return region_kind::none;
    const auto number = static_cast<std::uint32_t>(offset / region_granule) + at.first;
    if ((tags(arena, number) & 1U) != 0) {
        if (is_free_block(arena, number, at.last())) return region_kind::free;
        return begins_used(arena, number) && span(arena, number) <= longest_small
                   ? region_kind::used
                   : region_kind::none;
    }
    return number != at.first && begins_used(arena, number - 1) &&
                   span(arena, number - 1) > longest_small
               ? region_kind::used
               : region_kind::none;
}

template <class Place>
template <class Visitor>
bool region<Place>::for_each_block(const std::byte* base, Visitor visit) const noexcept {
    auto* const arena = const_cast<std::byte*>(base);
    const region_layout& at = place_.layout();
    std::uint32_t number = at.first;
    while (number < at.last()) {
        if ((tags(arena, number) & 1U) == 0) return false;
        const bool free = is_free(arena, number);
        std::uint32_t length = free ? std::uint32_t{node(arena, number).size} : span(arena, number);
        if (length > longest_small) length = node(arena, number).size;
        if (length < least_region_block || length > at.last() - number) return false;
        visit(
            free ? region_kind::free : region_kind::used,
            at.first_block() + (number - at.first) * region_granule,
            length * region_granule
        );
        number += length;
    }
    return true;
}

template <class Place>
bool region<Place>::invariants_hold(const std::byte* base) const noexcept {
    auto* const arena = const_cast<std::byte*>(base);
    const region_layout& at = place_.layout();
    const auto is_number = [&](std::uint32_t number) {
        return number >= at.first && number < at.last() && is_free_block(arena, number, at.last());
    };
    std::uint32_t free_blocks = 0;
    bool after_free = false;
    bool sound = true;
    const bool complete =
        for_each_block(arena, [&](region_kind what, std::uint32_t offset, std::uint32_t bytes) {
            const std::uint32_t begin = (offset - at.first_block()) / region_granule + at.first;
            const std::uint32_t length = bytes / region_granule;
            const bool free = what == region_kind::free;
            for (std::uint32_t inner = free ? 2 : 1; inner < length; ++inner)
                sound = sound && (tags(arena, begin + inner) & 1U) == 0;
            if (free) {
                ++free_blocks;
                const free_block& block = node(arena, begin);
                sound = sound && !after_free && *in_front(arena, begin + length) == length;
                sound = sound && (block.next == 0 || (is_number(block.next) &&
                                                      node(arena, block.next).before == begin));
                sound = sound &&
                        (block.before < bin_count
                             ? block.before == bin_of(length) && heads_[block.before] == begin
                             : is_number(block.before) && node(arena, block.before).next == begin);
            }
            after_free = free;
        });
    if (!complete || !sound) return false;
    std::uint32_t non_empty = 0;
    std::uint32_t listed = 0;
    for (std::uint32_t bin = 0; bin < bin_count; ++bin) {
        if (heads_[bin] != 0) non_empty |= bit_of(bin);
        for (std::uint32_t number = heads_[bin]; number != 0; number = node(arena, number).next) {
            if (!is_number(number) || bin_of(node(arena, number).size) != bin) return false;
            if (++listed > free_blocks) return false; // a cycle
        }
    }
    return heads_[0] == 0 && non_empty == non_empty_ && listed == free_blocks &&
           (tags(arena, at.last()) & 3U) == 1;
}

} // namespace drone

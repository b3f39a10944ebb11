// SPDX-License-Identifier: MIT
#pragma once

// The overflow region: memory that serves requests of any size in a bounded number of steps.

#include <drone/bits.hpp>
#include <drone/region_layout.hpp>
#include <drone/region_tags.hpp>

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
    [[nodiscard, gnu::always_inline]] static std::uint32_t bin_of(std::uint32_t granules) noexcept {
        return bins.of(granules);
    }

private:
    using counted =
        std::conditional_t<bits::for_size, static_region_bins<Layout.region.granules>, region_bins>;
    using bin_search =
        std::conditional_t<bits::counts_zeros, counted, tabled_region_bins<Layout.region.granules>>;
    static constexpr bin_search bins{Layout.region.granules};
};

/// A guard for a region that one context uses.
struct no_guard {};

/// What an address is to a region.
enum class region_kind : std::uint8_t {
    used, ///< allocate() returned it, and it was not given back
    free, ///< a free block begins here
    none, ///< neither
};

/// An overflow region. Place is static_region_place, or a type with the same members. All zero is
/// its state before initialize().
///
/// Blocks consist of granules of 8 bytes and are side by side. Tags describe them. The tags are
/// beside the blocks, one bit a granule, not in front of each block:
///
///     tags      1 0 0 . 1 1 . . . . 1 0 . . . . .  ...  1 0 0      1: a block begins here
///     granules  | used  | free      | used         |  ...   | end  11: it is free
///
/// A used block of up to 56 granules is all the user's. Its size is the distance to the next tag. A
/// longer block begins with a granule that has its size; the tag of its payload is clear, which
/// distinguishes the two. A free block keeps its links and its size in itself, and its size once
/// more in its last bytes, where its right neighbour finds it:
///
///     free:  [ size | next | before | ...               | size ]
///     long:  [ size | ...           | payload ...              ]
///
/// If the left neighbour is in use, those last bytes may be a user's. The region believes them only
/// if a free block begins where they point to, and has that size. No data can forge that.
///
/// Free blocks are in 31 lists by size. A word has a bit for each list that is not empty. The
/// region tries the head of the request's own list, then the first list above that is not empty;
/// every block of that list is large enough.
///
/// Guarantees. No operation loops over blocks. Two neighbours are never both free. Every payload is
/// a multiple of 8. A user's overrun cannot reach a tag. The region knows whether an address is a
/// block in use, and how large the block is, from nothing that a user can write, except for the
/// size of long blocks.
///
/// Limit. One context at a time; shared_region.hpp makes it one of many.
template <class Place>
class region {
public:
    using index = typename Place::index;

    constexpr region() = default;
    constexpr explicit region(Place place) : place_(place) {}

    /// Makes all of it one free block. O(granules / 8). Once, before any other
    /// use.
    void initialize(std::byte* arena) noexcept {
        const region_layout& at = place_.layout();
        __builtin_memset(arena + at.offset, 0, at.tag_bytes);
        work now = work_in(arena);
        now.begin();
        now.tags.set_one(at.last());
        now.tags.set_two(at.first);
        put(now, arena, at.first, at.granules);
        now.end();
    }

    // Each stretch that other contexts must not see is inside a Guard; what is known of a block in
    // use is read outside, because no other context changes its ends.

    /// A block of at least `size` bytes, its address a multiple of 8; or null. One guarded stretch.
    template <class Guard = no_guard>
    [[nodiscard, gnu::always_inline]] void* allocate(std::byte* arena, std::size_t size) noexcept {
        std::uint32_t count = granules_for(size);
        if (count == 0) return nullptr;
        bits::in_register(count); // else there is a way for each form of it
        work now = work_in(arena);
        taken block{};
        if (!take<Guard>(now, arena, count, block)) return nullptr;
        bits::in_register(block.begin); // else its address is kept all the way
        void* payload = now.payload(block.begin);
        if (count > region_tags::longest_small) {
            store(now.block(block.begin).size, block.length);
            payload = now.payload(block.begin + 1);
        }
        return payload;
    }

    /// The same, its address a multiple of `alignment`, a power of two above 8. At most four
    /// guarded stretches.
    template <class Guard = no_guard>
    [[nodiscard, gnu::noinline]] void*
    allocate_aligned(std::byte* arena, std::size_t size, std::size_t alignment) noexcept {
        const region_layout& at = place_.layout();
        const std::uint32_t count = granules_for(size);
        if (count == 0 || alignment > at.granules * region_granule) return nullptr;
        const auto step = static_cast<std::uint32_t>(alignment / region_granule);
        // In front of the aligned block is a block or nothing: never a single
        // granule.
        if (count + step + 1 > at.granules) return nullptr;
        work now = work_in(arena);
        taken block{};
        if (!take<Guard>(now, arena, count + step + 1, block)) return nullptr;
        auto [begin, length] = block;
        const std::uint32_t header = size > small_request_limit ? 1 : 0;
        const auto address = reinterpret_cast<std::uintptr_t>(now.payload(begin + header));
        auto front = static_cast<std::uint32_t>((~address + 1) % alignment / region_granule);
        if (front == 1) front += step;
        if (front != 0) {
            {
                [[maybe_unused]] const Guard alone{};
                now.tags.set_one(begin + front);
            }
            give_back<Guard>(now, arena, begin, front);
            begin += front;
            length -= front;
        }
        length = fit<Guard>(arena, {.begin = begin, .length = length}, count);
        if (header != 0) store(now.block(begin).size, length);
        return now.payload(begin + header);
    }

    /// Gives a block back. Requires one in use. One guarded stretch.
    template <class Guard = no_guard>
    [[gnu::always_inline]] void deallocate(std::byte* arena, void* address) noexcept {
        const work now = work_in(arena);
        const used block = find(now, address);
        give_back<Guard>(now, arena, block.begin, block.length);
    }

    /// Makes the block one for `size` bytes where it is: grows into a free
    /// neighbour on its right, gives a tail back. Whether it could. Requires a
    /// block in use. One guarded stretch.
    template <class Guard = no_guard>
    [[nodiscard, gnu::noinline]] bool
    resize(std::byte* arena, void* address, std::size_t size) noexcept {
        const work now = work_in(arena);
        const used block = find(now, address);
        std::uint32_t count = granules_for(size);
        if (count == 0) return false;
        if (block.is_long) {
            // It keeps its header, and so many granules that it is known by its
            // length.
            if (count <= region_tags::longest_small) count = region_tags::longest_small + 1;
        } else if (size > small_request_limit) {
            return false;
        }
        const std::uint32_t length =
            fit<Guard>(arena, {.begin = block.begin, .length = block.length}, count);
        if (length == 0) return false;
        if (block.is_long) store(now.block(block.begin).size, length);
        return true;
    }

    /// Whether resize() can, and needs no byte of a neighbour. Requires a block in use.
    [[nodiscard]] bool
    has_room(const std::byte* arena, const void* address, std::size_t size) const noexcept {
        const used block = find(work_in(arena), address);
        const std::uint32_t count = granules_for(size);
        return count != 0 && count <= block.length &&
               (block.is_long || size <= small_request_limit);
    }

    /// Bytes of a block in use, all of them usable.
    [[nodiscard]] std::size_t
    block_size(const std::byte* arena, const void* address) const noexcept {
        const used block = find(work_in(arena), address);
        return std::size_t{block.length - (block.is_long ? 1 : 0)} * region_granule;
    }

    /// What an address is; any pointer may be asked about.
    [[nodiscard]] region_kind kind_of(const std::byte* arena, const void* address) const noexcept;

    /// The largest request that would be served now, bytes. O(1).
    [[nodiscard]] std::size_t largest_request(const std::byte* arena) const noexcept {
        if (lists_.non_empty == 0) return 0;
        const std::uint32_t begin = lists_.heads[highest(lists_.non_empty)];
        const std::uint32_t size = work_in(arena).block(begin).size;
        // No request needs the most granules that a block without a header has.
        return std::size_t{size < region_tags::longest_small ? size : size - 1} * region_granule;
    }

    /// Calls `visit(kind, begin, length)` for every block from the left: offset
    /// in the arena and bytes, header included. Ends early, and returns false,
    /// where the tags do not fit together. O(blocks).
    template <class Visitor>
    bool for_each_block(const std::byte* arena, Visitor visit) const noexcept;

    /// Whether tags, sizes and lists fit together. O(granules).
    [[nodiscard]] bool invariants_hold(const std::byte* arena) const noexcept;

    [[nodiscard]] const region_layout& layout() const noexcept { return place_.layout(); }

private:
    static constexpr std::uint32_t bin_count = 32;
    static_assert(region_layout::first >= bin_count && (region_layout::first - 1) % 8 == 0);

    struct [[gnu::may_alias]] free_block {
        index size;   ///< granules; all that a long block's header has
        index next;   ///< in the list, 0 at its end
        index before; ///< in the list; the number of the list's bin for its head
    };
    static_assert(sizeof(free_block) + sizeof(index) <= least_region_block * region_granule);
    using last_bytes [[gnu::may_alias]] = index;

    struct lists {
        index heads[bin_count] = {}; ///< by bin; 0: empty
        std::uint32_t non_empty = 0; ///< bit_of() every bin that is not
    };

    /// What an operation works with. Numbers are granules': base + 8 * number is
    /// an address.
    struct work {
        lists* kept;
        std::uintptr_t base;
        region_tags tags;
        std::uint32_t register_;

        // Between begin() and end() it is in a register, where there are enough of them, and
        // operations do not share their parts as functions.
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
            return reinterpret_cast<last_bytes*>(
                base + std::uintptr_t{number} * region_granule
            )[-1];
        }
    };

    struct taken {
        std::uint32_t begin;
        std::uint32_t length;
    };
    struct used {
        std::uint32_t begin;
        std::uint32_t length;
        bool is_long;
    };

    /// Granules of the block for so many bytes, aligned to 8 or less; 0 when it
    /// is larger than the region.
    [[nodiscard, gnu::always_inline]] std::uint32_t granules_for(std::size_t size) const noexcept {
        if (size > place_.layout().granules * region_granule) return 0;
        return region_granules(static_cast<std::uint32_t>(size));
    }

    [[gnu::always_inline]] work work_in(const std::byte* arena) const noexcept {
        const region_layout& at = place_.layout();
        lists* kept = const_cast<lists*>(&lists_);
        std::uintptr_t base = reinterpret_cast<std::uintptr_t>(arena) + at.first_block() -
                              region_layout::first * region_granule;
        const std::uintptr_t tags =
            reinterpret_cast<std::uintptr_t>(arena) + at.offset - (region_layout::first - 1) / 8;
        // Else every use makes them anew; where registers are few, that is better for one of them.
        if constexpr (bits::counts_zeros) bits::in_register(kept);
        bits::in_register(base);
        return {.kept = kept, .base = base, .tags = region_tags(tags), .register_ = 0};
    }

    /// Numbers have as many bits as an index.
    [[gnu::always_inline]] static void store(index& to, std::uint32_t number) noexcept {
        bits::store(to, number);
    }

    /// The left neighbour's size, if that is free; anything, if it is in use: on
    /// hosts another thread may be writing it.
#if defined(__SANITIZE_THREAD__)
    [[gnu::no_sanitize("thread"), gnu::noinline]]
#else
    [[gnu::always_inline]]
#endif
    static std::uint32_t size_in_front(const work& now, std::uint32_t number) noexcept {
        return now.in_front(number);
    }

    /// Whether `left`, `begin` less any index, is a granule's number and no larger.
    [[gnu::always_inline]] static bool
    is_left_of(std::uint32_t left, std::uint32_t begin) noexcept {
        if constexpr (sizeof(index) < sizeof left)
            return static_cast<std::int32_t>(left) >=
                   static_cast<std::int32_t>(region_layout::first);
        return left >= region_layout::first && left <= begin;
    }

    /// The block in use whose payload is at this address.
    [[gnu::always_inline]] used find(const work& now, const void* address) const noexcept {
        const auto number = static_cast<std::uint32_t>(
            (reinterpret_cast<std::uintptr_t>(address) - now.base) / region_granule
        );
        const region_tags::near tags = now.tags.near_to(number);
        if (tags.is_set()) return {.begin = number, .length = tags.distance(), .is_long = false};
        return {.begin = number - 1, .length = now.block(number - 1).size, .is_long = true};
    }

    // Bins. The bit of bin i is 32 - i where leading zeros are what can be
    // counted, else i. Bin 0 is empty.

    [[gnu::always_inline]] std::uint32_t bin_of(std::uint32_t granules) const noexcept {
        return place_.bin_of(granules);
    }
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

    // What operations share, each twice: part of every operation, or a function.

    [[gnu::noinline]] void
    put_alone(std::byte* arena, std::uint32_t begin, std::uint32_t length) noexcept {
        work now = work_in(arena);
        put_here(now, begin, length);
    }
    [[gnu::noinline]] void take_out_alone(std::byte* arena, std::uint32_t begin) noexcept {
        work now = work_in(arena);
        take_out_here(now, begin);
    }
    template <class Guard>
    [[gnu::noinline]] void
    give_back_alone(std::byte* arena, std::uint32_t begin, std::uint32_t length) noexcept {
        work now = work_in(arena);
        give_back_here<Guard>(now, arena, begin, length);
    }

    /// Puts a free block into its list; its tags are set.
    [[gnu::always_inline]] void
    put(work& now, std::byte* arena, std::uint32_t begin, std::uint32_t length) noexcept {
        if constexpr (bits::for_size) return put_alone(arena, begin, length);
        put_here(now, begin, length);
    }
    /// Takes a free block out of its list; its tags stay.
    [[gnu::always_inline]] void
    take_out(work& now, std::byte* arena, std::uint32_t begin) noexcept {
        if constexpr (bits::for_size) return take_out_alone(arena, begin);
        take_out_here(now, begin);
    }
    /// What is in use becomes free, merged with its free neighbours.
    template <class Guard>
    [[gnu::always_inline]] void give_back(
        const work& now, std::byte* arena, std::uint32_t begin, std::uint32_t length
    ) noexcept {
        if constexpr (bits::for_size) return give_back_alone<Guard>(arena, begin, length);
        give_back_here<Guard>(now, arena, begin, length);
    }

    [[gnu::always_inline]] void
    put_here(work& now, std::uint32_t begin, std::uint32_t length) const noexcept {
        const std::uint32_t bin = bin_of(length);
        free_block& block = now.block(begin);
        index& head = now.kept->heads[bin];
        const std::uint32_t next = head;
        store(head, begin);
        store(block.size, length);
        store(block.next, next);
        store(block.before, bin);
        store(now.in_front(begin + length), length);
        if (next != 0) store(now.block(next).before, begin);
        now.non_empty() |= bit_of(bin);
    }

    [[gnu::always_inline]] static void take_out_here(work& now, std::uint32_t begin) noexcept {
        const free_block& block = now.block(begin);
        const std::uint32_t next = block.next;
        const std::uint32_t before = block.before;
        if (before < bin_count) {
            store(now.kept->heads[before], next);
            if (next == 0) now.non_empty() &= ~bit_of(before);
        } else {
            store(now.block(before).next, next);
        }
        if (next != 0) store(now.block(next).before, before);
    }

    /// Finds a block of `count` granules, or one more, now in use. Its long header is not yet
    /// written. Whether there is one.
    template <class Guard>
    [[gnu::always_inline]] bool
    take(work& now, std::byte* arena, std::uint32_t count, taken& found) noexcept {
        std::uint32_t bin = bin_of(count - 1);
        [[maybe_unused]] const Guard alone{};
        now.begin();
        std::uint32_t begin = now.kept->heads[bin];
        std::uint32_t length = 0;
        if (begin == 0 || (length = now.block(begin).size) < count) {
            const std::uint32_t larger = above(bin, now.non_empty());
            if (larger == 0) return false;
            bin = first_above(bin, larger);
            begin = now.kept->heads[bin];
            length = now.block(begin).size;
        }
        const std::uint32_t next = now.block(begin).next;
        store(now.kept->heads[bin], next);
        if (next != 0) {
            store(now.block(next).before, bin);
        } else {
            now.non_empty() &= ~bit_of(bin);
        }
        now.tags.clear_second(begin);
        found = {.begin = begin, .length = length};
        if (length - count >= least_region_block) {
            found.length = count;
            now.tags.set_two(begin + count);
            put(now, arena, begin + count, length - count);
        }
        now.end();
        return true;
    }

    template <class Guard>
    [[gnu::always_inline]] void
    give_back_here(work now, std::byte* arena, std::uint32_t begin, std::uint32_t length) noexcept {
        bits::in_register(begin); // else its address is kept, too
        [[maybe_unused]] const Guard alone{};
        now.begin();
        const std::uint32_t right = begin + length;
        if (now.tags.clear_if_free(right)) {
            take_out(now, arena, right);
            length += now.block(right).size;
        }
        const std::uint32_t size_left = size_in_front(now, begin);
        const std::uint32_t left = begin - size_left;
        // Of size 0 there is none: the block is in use.
        if (is_left_of(left, begin) && now.tags.begins_free(left) &&
            now.block(left).size == size_left) {
            take_out(now, arena, left);
            length += size_left;
            now.tags.clear_one(begin);
            begin = left;
        } else {
            now.tags.set_second(begin);
        }
        put(now, arena, begin, length);
        now.end();
    }

    /// Makes a block in use `count` granules long, or one more: what is behind, with a free right
    /// neighbour, becomes a free block. Returns the length, 0 where they do not hold `count`.
    template <class Guard>
    [[gnu::noinline]] std::uint32_t
    fit(std::byte* arena, const taken& block, std::uint32_t count) noexcept {
        if (count == block.length) return count;
        work now = work_in(arena);
        std::uint32_t length = block.length;
        const std::uint32_t right = block.begin + length;
        [[maybe_unused]] const Guard alone{};
        if (now.tags.is_free(right)) {
            length += now.block(right).size;
            if (count > length) return 0;
            now.begin();
            now.tags.clear_two(right);
            take_out(now, arena, right);
        } else {
            if (count > length) return 0;
            now.begin();
        }
        if (length - count < least_region_block) {
            now.end();
            return length;
        }
        now.tags.set_two(block.begin + count);
        put(now, arena, block.begin + count, length - count);
        now.end();
        return count;
    }

    [[no_unique_address]] Place place_{};
    lists lists_{};
};

template <class Place>
region_kind region<Place>::kind_of(const std::byte* arena, const void* address) const noexcept {
    const work now = work_in(arena);
    const region_layout& at = place_.layout();
    // Compared as integers: a foreign pointer is in no order with the arena's.
    const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(address) -
                                  reinterpret_cast<std::uintptr_t>(arena + at.first_block());
    if (offset % region_granule != 0 || offset / region_granule >= at.granules)
        return region_kind::none;
    const auto number = static_cast<std::uint32_t>(offset / region_granule) + at.first;
    if (now.tags.is_set(number)) {
        if (now.tags.begins_free(number)) return region_kind::free;
        return now.tags.begins_used(number) && now.tags.span(number) <= region_tags::longest_small
                   ? region_kind::used
                   : region_kind::none;
    }
    const std::uint32_t begin = number - 1;
    if (number == at.first || !now.tags.begins_used(begin) ||
        now.tags.span(begin) <= region_tags::longest_small)
        return region_kind::none;
    // A user may have written to the header: the block ends where the next tag is.
    const std::uint32_t length = now.block(begin).size;
    return length > region_tags::longest_small && length <= at.last() - begin &&
                   now.tags.is_set(begin + length)
               ? region_kind::used
               : region_kind::none;
}

template <class Place>
template <class Visitor>
bool region<Place>::for_each_block(const std::byte* arena, Visitor visit) const noexcept {
    const work now = work_in(arena);
    const region_layout& at = place_.layout();
    std::uint32_t number = at.first;
    while (number < at.last()) {
        if ((now.tags.from(number) & 1U) == 0) return false;
        const bool free = now.tags.is_free(number);
        std::uint32_t length = free ? std::uint32_t{now.block(number).size} : now.tags.span(number);
        if (length > region_tags::longest_small) length = now.block(number).size;
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
bool region<Place>::invariants_hold(const std::byte* arena) const noexcept {
    const work now = work_in(arena);
    const region_layout& at = place_.layout();
    const auto is_number = [&](std::uint32_t number) {
        return number >= at.first && number < at.last() && now.tags.begins_free(number);
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
                sound = sound && (now.tags.from(begin + inner) & 1U) == 0;
            if (free) {
                ++free_blocks;
                const free_block& block = now.block(begin);
                sound = sound && !after_free && now.in_front(begin + length) == length;
                sound = sound && (block.next == 0 ||
                                  (is_number(block.next) && now.block(block.next).before == begin));
                sound = sound &&
                        (block.before < bin_count
                             ? block.before == bin_of(length) && lists_.heads[block.before] == begin
                             : is_number(block.before) && now.block(block.before).next == begin);
            }
            after_free = free;
        });
    if (!complete || !sound) return false;
    std::uint32_t non_empty = 0;
    std::uint32_t listed = 0;
    for (std::uint32_t bin = 0; bin < bin_count; ++bin) {
        if (lists_.heads[bin] != 0) non_empty |= bit_of(bin);
        for (std::uint32_t number = lists_.heads[bin]; number != 0;
             number = now.block(number).next) {
            if (!is_number(number) || bin_of(now.block(number).size) != bin) return false;
            if (++listed > free_blocks) return false; // a cycle
        }
    }
    return lists_.heads[0] == 0 && non_empty == lists_.non_empty && listed == free_blocks &&
           (now.tags.from(at.last()) & 3U) == 1 && !now.tags.is_set(at.first - 1);
}

} // namespace drone

// SPDX-License-Identifier: MIT
#pragma once

// The overflow region: memory that serves requests of any size in a bounded number of steps.

#include <drone/bits.hpp>
#include <drone/region_blocks.hpp>
#include <drone/region_layout.hpp>
#include <drone/region_place.hpp>
#include <drone/region_tags.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

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
            work::store(now.block(block.begin).size, block.length);
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
        if (header != 0) work::store(now.block(begin).size, length);
        return now.payload(begin + header);
    }

    /// Gives a block back. Requires one in use. One guarded stretch.
    template <class Guard = no_guard>
    [[gnu::always_inline]] void deallocate(std::byte* arena, void* address) noexcept {
        const work now = work_in(arena);
        const used block = now.find(address);
        give_back<Guard>(now, arena, block.begin, block.length);
    }

    /// Makes the block one for `size` bytes where it is: grows into a free
    /// neighbour on its right, gives a tail back. Whether it could. Requires a
    /// block in use. One guarded stretch.
    template <class Guard = no_guard>
    [[nodiscard, gnu::noinline]] bool
    resize(std::byte* arena, void* address, std::size_t size) noexcept {
        const work now = work_in(arena);
        const used block = now.find(address);
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
        if (block.is_long) work::store(now.block(block.begin).size, length);
        return true;
    }

    /// Whether resize() can, and needs no byte of a neighbour. Requires a block in use.
    [[nodiscard]] bool
    has_room(const std::byte* arena, const void* address, std::size_t size) const noexcept {
        const used block = work_in(arena).find(address);
        const std::uint32_t count = granules_for(size);
        return count != 0 && count <= block.length &&
               (block.is_long || size <= small_request_limit);
    }

    /// Bytes of a block in use, all of them usable.
    [[nodiscard]] std::size_t
    block_size(const std::byte* arena, const void* address) const noexcept {
        const used block = work_in(arena).find(address);
        return std::size_t{block.length - (block.is_long ? 1 : 0)} * region_granule;
    }

    /// What an address is; any pointer may be asked about.
    [[nodiscard]] region_kind kind_of(const std::byte* arena, const void* address) const noexcept;

    /// The largest request that would be served now, bytes. O(1).
    [[nodiscard]] std::size_t largest_request(const std::byte* arena) const noexcept {
        if (lists_.non_empty == 0) return 0;
        const std::uint32_t begin = lists_.heads[lists::highest(lists_.non_empty)];
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
    using lists = region_lists<index>;
    using work = region_blocks<index>;
    using used = typename work::used;

    struct taken {
        std::uint32_t begin;
        std::uint32_t length;
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

    [[gnu::always_inline]] std::uint32_t bin_of(std::uint32_t granules) const noexcept {
        return place_.bin_of(granules);
    }

    // What operations share, each twice: part of every operation, or a function.

    [[gnu::noinline]] void
    put_alone(std::byte* arena, std::uint32_t begin, std::uint32_t length) noexcept {
        work now = work_in(arena);
        now.put(bin_of(length), begin, length);
    }
    [[gnu::noinline]] void take_out_alone(std::byte* arena, std::uint32_t begin) noexcept {
        work now = work_in(arena);
        now.take_out(begin);
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
        now.put(bin_of(length), begin, length);
    }
    /// Takes a free block out of its list; its tags stay.
    [[gnu::always_inline]] void
    take_out(work& now, std::byte* arena, std::uint32_t begin) noexcept {
        if constexpr (bits::for_size) return take_out_alone(arena, begin);
        now.take_out(begin);
    }
    /// What is in use becomes free, merged with its free neighbours.
    template <class Guard>
    [[gnu::always_inline]] void give_back(
        const work& now, std::byte* arena, std::uint32_t begin, std::uint32_t length
    ) noexcept {
        if constexpr (bits::for_size) return give_back_alone<Guard>(arena, begin, length);
        give_back_here<Guard>(now, arena, begin, length);
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
            const std::uint32_t larger = lists::above(bin, now.non_empty());
            if (larger == 0) return false;
            bin = lists::first_above(bin, larger);
            begin = now.kept->heads[bin];
            length = now.block(begin).size;
        }
        const std::uint32_t next = now.block(begin).next;
        work::store(now.kept->heads[bin], next);
        if (next != 0) {
            work::store(now.block(next).before, bin);
        } else {
            now.non_empty() &= ~lists::bit_of(bin);
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
        const std::uint32_t size_left = work::size_in_front(now, begin);
        const std::uint32_t left = begin - size_left;
        // Of size 0 there is none: the block is in use.
        if (work::is_left_of(left, begin) && now.tags.begins_free(left) &&
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

} // namespace drone

#include <drone/region_inspection.hpp>

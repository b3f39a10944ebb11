// SPDX-License-Identifier: MIT
#pragma once

// A heap's pools as constexpr data: block sizes, capacities, offsets. Target and host place the
// pools with this same code, so an offset on the wire means the same block on both sides.
//
// Placement. Pools are listed by ascending block size. In the arena they are by descending
// alignment, and pools of equal alignment in list order. Each pool is then a multiple of its own
// alignment long, and of every alignment that follows. So there is never a byte of padding between
// pools:
//
//     pools 4 x 3, 8 x 2, 12 x 1:   | 8 | 8 | 4 | 4 | 4 | 12 |
//                                   0   8   16  20  24  28   40
//
// The bytes of the heap beyond the pools are unused, or one overflow region after them
// (region_layout.hpp). Everything here is pure and constexpr. Any context.

#include <drone/region_layout.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

/// The unit in which blocks are cut, bytes: a free block keeps a 32-bit link in itself.
inline constexpr std::uint32_t granule = 4;

/// The largest alignment that a heap may be declared to offer, bytes.
inline constexpr std::uint32_t alignment_limit = 4096;

/// The alignment that a heap offers by default, bytes: that of the largest fundamental type on
/// 32-bit targets (AAPCS32 and the RISC-V ABI: 8).
inline constexpr std::uint32_t default_alignment = 8;

/// A pool as a layout lists it.
struct pool_spec {
    std::uint32_t block;    ///< bytes, a positive multiple of the granule
    std::uint32_t capacity; ///< blocks, positive

    friend constexpr bool operator==(const pool_spec&, const pool_spec&) = default;
};

/// A pool with its place in the arena.
struct pool_layout {
    std::uint32_t block = 0;     ///< bytes
    std::uint32_t capacity = 0;  ///< blocks
    std::uint32_t offset = 0;    ///< of the first block from the arena's start, bytes
    std::uint32_t alignment = 0; ///< of every block, bytes, a power of two

    /// Bytes of all blocks together. Requires a layout that check() accepts.
    [[nodiscard]] constexpr std::uint32_t size() const noexcept { return block * capacity; }
    /// Offset just after the last block.
    [[nodiscard]] constexpr std::uint32_t end() const noexcept { return offset + size(); }

    friend constexpr bool operator==(const pool_layout&, const pool_layout&) = default;
};

/// What happens with the bytes beyond the pools.
enum class overflow : std::uint8_t {
    none,   ///< nothing: a request that no pool can serve fails
    region, ///< one region, which serves the requests that no pool serves
};

/// The least alignment that a heap may be declared to offer, bytes.
[[nodiscard]] constexpr std::uint32_t least_alignment(overflow beyond) noexcept {
    return beyond == overflow::region ? region_granule : granule;
}

/// Why a list of pools cannot be a heap.
enum class layout_error : std::uint8_t {
    none,
    no_pools,
    bad_alignment,     ///< not a power of two from least_alignment() to alignment_limit
    block_zero,        ///< a block of no bytes
    block_not_granule, ///< a block that is not a multiple of the granule
    capacity_zero,     ///< a pool of no blocks
    not_ascending,     ///< blocks not strictly ascending
    exceeds_heap,      ///< the pools together are larger than the heap
    no_room,           ///< the pools leave less than one block's bytes for the overflow region
};

/// The alignment of every block of `block` bytes in a heap that offers `alignment`: the largest
/// power of two that divides the block, no more than the heap offers.
[[nodiscard]] constexpr std::uint32_t
block_alignment(std::uint32_t block, std::uint32_t alignment) noexcept {
    const std::uint32_t lowest_bit = block & (~block + 1);
    return lowest_bit < alignment ? lowest_bit : alignment;
}

/// What is wrong with these pools, and with which one (`*where`, when given, is its index).
[[nodiscard]] constexpr layout_error check_layout(
    const pool_spec* specs,
    std::size_t count,
    std::uint32_t size,
    std::uint32_t alignment = default_alignment,
    std::size_t* where = nullptr,
    overflow beyond = overflow::none
) noexcept {
    if (count == 0 && beyond == overflow::none) return layout_error::no_pools;
    if (alignment < least_alignment(beyond) || alignment > alignment_limit ||
        (alignment & (alignment - 1)) != 0)
        return layout_error::bad_alignment;
    std::uint64_t used = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (where != nullptr) *where = i;
        if (specs[i].block == 0) return layout_error::block_zero;
        if (specs[i].block % granule != 0) return layout_error::block_not_granule;
        if (specs[i].capacity == 0) return layout_error::capacity_zero;
        if (i != 0 && specs[i].block <= specs[i - 1].block) return layout_error::not_ascending;
        used += std::uint64_t{specs[i].block} * specs[i].capacity;
        if (used > size) return layout_error::exceeds_heap;
    }
    if (beyond == overflow::region &&
        place_region(static_cast<std::uint32_t>(used), size).granules == 0)
        return layout_error::no_room;
    return layout_error::none;
}

/// Places pools in the arena: writes `placed[i]` for every `specs[i]`. O(count * log alignment).
/// Requires a list that check_layout() accepts.
constexpr void place_pools(
    const pool_spec* specs, std::size_t count, std::uint32_t alignment, pool_layout* placed
) noexcept {
    std::uint32_t offset = 0;
    for (std::uint32_t step = alignment; step >= granule; step /= 2) {
        for (std::size_t i = 0; i < count; ++i) {
            if (block_alignment(specs[i].block, alignment) != step) continue;
            placed[i] = {
                .block = specs[i].block,
                .capacity = specs[i].capacity,
                .offset = offset,
                .alignment = step
            };
            offset += placed[i].size();
        }
    }
}

/// The pools of a heap, fixed when the program is compiled; usable as a template argument.
template <std::size_t PoolCount>
struct heap_layout {
    static constexpr std::size_t pool_count = PoolCount;

    pool_layout pools[PoolCount == 0 ? 1 : PoolCount] = {}; ///< by ascending block size
    std::uint32_t size = 0; ///< of the arena, bytes; at least what the pools take
    std::uint32_t alignment =
        default_alignment;     ///< of the arena, bytes; no pool's block is aligned to more
    region_layout region = {}; ///< after the pools; empty if there is none

    /// Bytes that the pools take; what is left of size is the region's, or not used.
    [[nodiscard]] constexpr std::uint32_t used() const noexcept {
        std::uint32_t bytes = 0;
        for (const pool_layout& pool : pools)
            bytes += pool.size();
        return bytes;
    }

    friend constexpr bool operator==(const heap_layout&, const heap_layout&) = default;
};

namespace detail {
// Not constexpr on purpose: reaching one of these ends the compilation with its name in the
// message.
void heap_alignment_is_no_power_of_two_from_4_to_4096();
void heap_alignment_with_an_overflow_region_is_no_power_of_two_from_8_to_4096();
void pool_block_is_zero();
void pool_block_is_no_multiple_of_4();
void pool_capacity_is_zero();
void pool_blocks_are_not_strictly_ascending();
void pools_exceed_the_heap_size();
void pools_leave_no_room_for_the_overflow_region();

template <std::size_t PoolCount>
consteval heap_layout<PoolCount> checked_layout(
    std::uint32_t size, const pool_spec* specs, std::uint32_t alignment, overflow beyond
) {
    switch (check_layout(specs, PoolCount, size, alignment, nullptr, beyond)) {
    case layout_error::none:
    case layout_error::no_pools:
        break;
    case layout_error::bad_alignment:
        beyond == overflow::region
            ? heap_alignment_with_an_overflow_region_is_no_power_of_two_from_8_to_4096()
            : heap_alignment_is_no_power_of_two_from_4_to_4096();
        break;
    case layout_error::block_zero:
        pool_block_is_zero();
        break;
    case layout_error::block_not_granule:
        pool_block_is_no_multiple_of_4();
        break;
    case layout_error::capacity_zero:
        pool_capacity_is_zero();
        break;
    case layout_error::not_ascending:
        pool_blocks_are_not_strictly_ascending();
        break;
    case layout_error::exceeds_heap:
        pools_exceed_the_heap_size();
        break;
    case layout_error::no_room:
        pools_leave_no_room_for_the_overflow_region();
        break;
    }
    heap_layout<PoolCount> layout;
    layout.size = size;
    layout.alignment = alignment;
    place_pools(specs, PoolCount, alignment, layout.pools);
    if (beyond == overflow::region) layout.region = place_region(layout.used(), size);
    return layout;
}
} // namespace detail

/// The layout of these pools in a heap of `size` bytes; what check_layout() refuses does not
/// compile.
template <std::size_t PoolCount>
[[nodiscard]] consteval heap_layout<PoolCount> make_layout(
    std::uint32_t size,
    const pool_spec (&specs)[PoolCount],
    std::uint32_t alignment = default_alignment,
    overflow beyond = overflow::none
) {
    return detail::checked_layout<PoolCount>(size, specs, alignment, beyond);
}

/// The layout of a heap that is an overflow region and nothing else.
[[nodiscard]] consteval heap_layout<0>
make_layout(std::uint32_t size, overflow beyond, std::uint32_t alignment = default_alignment) {
    return detail::checked_layout<0>(size, nullptr, alignment, beyond);
}

} // namespace drone

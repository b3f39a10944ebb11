// SPDX-License-Identifier: MIT
#pragma once

// Which pool serves a size, and which pool holds an address.

#include <drone/bits.hpp>
#include <drone/interval_table.hpp>
#include <drone/layout.hpp>
#include <drone/region.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace drone {

/// How a layout is searched.
enum class pool_search : std::uint8_t {
    tree,    ///< by code: comparisons with constants
    table,   ///< by data (interval_table.hpp)
    cheaper, ///< by a tree in layouts of fewer than 64 pools, else by what takes fewer bytes
};

/// The searches over a constexpr layout: binary searches in which every node compares with a
/// constant. The compiler lays the tree out as code; there is no table to load. The visitor gets
/// the index of the pool as a constant, so what follows is specialised for the pool. A layout of
/// many pools has a table instead, if that is smaller. The visitor then gets a number.
///
///     blocks 4 12 28 32:   size <= 12 ?  --yes--  size <= 4 ?   -> 0 | 1
///                               '--no--  size <= 28 ?  -> 2,  size <= 32 ?  -> 3 | none
///
/// In front of an overflow region, a pool serves the sizes for which the region would take as many
/// bytes or more. The region serves the sizes between them, and those above the largest:
///
///     with a region:       ...  --no--  size <= 24 ?  -> none,  size <= 28 ?  -> 2,  size <= 32 ?  ...
///
/// No state. Every function is pure. Any context. Another Pools type (the host's replay has its
/// pools at run time) has the same members.
template <const auto& Layout, pool_search By = pool_search::cheaper>
struct static_pools {
    static constexpr std::size_t limit = std::remove_cvref_t<decltype(Layout)>::pool_count;
    using region_place = static_region_place<Layout>;

    template <std::size_t Index>
    using index = std::integral_constant<std::size_t, Index>;

    [[nodiscard]] static constexpr std::size_t count() noexcept { return limit; }
    [[nodiscard]] static constexpr region_place region() noexcept { return {}; }
    [[nodiscard]] static constexpr const pool_layout& at(std::size_t pool) noexcept {
        return Layout.pools[pool];
    }

    /// `visit(index)` of the first pool with blocks of at least `size` bytes
    /// aligned to Alignment, `visit(index<limit>{})` when there is none, or a
    /// region serves it in less. O(log pools).
    template <std::uint32_t Alignment, class Visitor>
    [[gnu::always_inline]] static constexpr decltype(auto)
    for_size(std::size_t size, Visitor&& visit) noexcept {
        if constexpr (has_table<sizes<Alignment>>) {
            if (size > sizes<Alignment>.end * granule - granule) return visit(limit);
            return visit(interval_table<sizes<Alignment>>::find(
                (static_cast<std::uint32_t>(size) + granule - 1) / granule
            ));
        } else {
            return by_size<Alignment, 0, fitting<Alignment>.count + 1>(size, visit);
        }
    }

    /// `visit(index)` of the pool that holds `offset`, `visit(index<limit>{})`
    /// where the region does. Requires an offset of a block. O(log pools).
    template <class Visitor>
    [[gnu::always_inline]] static constexpr decltype(auto)
    for_offset(std::uint32_t offset, Visitor&& visit) noexcept {
        if constexpr (has_table<offsets>) {
            if (offset >= offsets.end * granule) return visit(last_placed());
            return visit(interval_table<offsets>::find(offset / granule));
        } else {
            return by_offset<0, placed.count>(offset, visit);
        }
    }

    /// What holds the highest addresses: a pool, `limit` for the region.
    [[nodiscard]] static constexpr std::size_t last_placed() noexcept {
        return placed.places[placed.count - 1].pool;
    }

private:
    struct place {
        std::size_t pool = limit;
        std::uint32_t bound = 0;
    };
    struct selection {
        place places[2 * limit + 1] = {};
        std::size_t count = 0;
        constexpr void add(std::size_t pool, std::uint32_t bound) {
            places[count++] = {pool, bound};
        }
    };

    /// What serves sizes, ascending, each up to its bound: pools that offer an
    /// alignment, between them and at the end `limit` for none.
    template <std::uint32_t Alignment>
    static constexpr selection fitting = [] {
        selection result;
        std::uint32_t served = 0;
        for (std::size_t i = 0; i < limit; ++i) {
            if (Layout.pools[i].alignment < Alignment) continue;
            const std::uint32_t block = Layout.pools[i].block;
            if (region_place::exists && region_saves_up_to(block) > served)
                result.add(limit, region_saves_up_to(block));
            result.add(i, block);
            served = block;
        }
        return result;
    }();

    /// What holds offsets, each from its bound on: pools as they stand in the
    /// arena, then the region.
    static constexpr selection placed = [] {
        selection result;
        for (std::size_t i = 0; i < limit; ++i) {
            std::size_t at = result.count++;
            for (; at != 0 && result.places[at - 1].bound > Layout.pools[i].offset; --at)
                result.places[at] = result.places[at - 1];
            result.places[at] = {i, Layout.pools[i].offset};
        }
        if (region_place::exists) result.add(limit, Layout.region.offset);
        return result;
    }();

    // The same as intervals of granules.

    template <std::uint32_t Alignment>
    static constexpr auto sizes = [] {
        interval_list<2 * limit + 1> result;
        for (std::size_t i = 0; i < fitting<Alignment>.count; ++i) {
            result.add(result.end, fitting<Alignment>.places[i].pool);
            result.end = fitting<Alignment>.places[i].bound / granule + 1;
        }
        return result;
    }();
    static constexpr auto offsets = [] {
        interval_list<limit + 1> result;
        for (std::size_t i = 0; i + 1 < placed.count; ++i) {
            result.add(placed.places[i].bound / granule, placed.places[i].pool);
            result.end = placed.places[i + 1].bound / granule;
        }
        return result;
    }();

    /// Whether a search has a table. A place in a tree takes some 33 bytes of code, or 14 where code
    /// shall be small (docs/sizes.md).
    template <const auto& Intervals>
    static constexpr bool has_table = [] {
        if (By == pool_search::tree || Intervals.count == 0) return false;
        if (By == pool_search::table) return true;
        constexpr std::size_t tree = Intervals.count * (bits::for_size ? 14 : 33);
        return Intervals.count >= 64 && interval_table<Intervals>::size_bytes < tree;
    }();

    template <std::uint32_t Alignment, std::size_t First, std::size_t Last, class Visitor>
    [[gnu::always_inline]] static constexpr decltype(auto)
    by_size(std::size_t size, Visitor& visit) noexcept {
        if constexpr (Last - First == 1) {
            return visit(index<fitting<Alignment>.places[First].pool>{});
        } else {
            constexpr std::size_t middle = First + (Last - First) / 2;
            if (size <= fitting<Alignment>.places[middle - 1].bound)
                return by_size<Alignment, First, middle>(size, visit);
            return by_size<Alignment, middle, Last>(size, visit);
        }
    }

    template <std::size_t First, std::size_t Last, class Visitor>
    [[gnu::always_inline]] static constexpr decltype(auto)
    by_offset(std::uint32_t offset, Visitor& visit) noexcept {
        if constexpr (Last - First == 1) {
            return visit(index<placed.places[First].pool>{});
        } else {
            // The region's way is the longest from there on: its leaf is near the root.
            constexpr bool region_last = region_place::exists && Last == placed.count;
            constexpr std::size_t middle =
                region_last && First != 0 ? Last - 1 : First + (Last - First) / 2;
            if (offset < placed.places[middle].bound)
                return by_offset<First, middle>(offset, visit);
            return by_offset<middle, Last>(offset, visit);
        }
    }
};

} // namespace drone

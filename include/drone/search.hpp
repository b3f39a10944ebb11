// SPDX-License-Identifier: MIT
#pragma once

// Which pool serves a size, and which pool holds an address.
//
// For a layout that is known when the program is compiled both are binary searches whose every node
// is a compare with a constant: the compiler lays the tree out as code, there is no table to load.
// The visitor is called with the pool's index as a constant, so what follows is specialised for the
// pool.
//
// Size to pool, blocks 4 12 28 32:      size <= 12 ?  --yes--  size <= 4 ?   -> 0 | 1
//                                          '--no--  size <= 28 ?  -> 2,  size <= 32 ?  -> 3 | none
//
// A Pools type of another kind (the host's replay has its pools at run time) gives the same
// members.

#include <drone/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace drone {

/// The searches over a constexpr layout. No state; every function is pure and callable from any
/// context.
template <const auto& Layout>
struct static_pools {
    static constexpr std::size_t limit = std::remove_cvref_t<decltype(Layout)>::pool_count;

    template <std::size_t Index>
    using index = std::integral_constant<std::size_t, Index>;

    [[nodiscard]] static constexpr std::size_t count() noexcept { return limit; }
    [[nodiscard]] static constexpr const pool_layout& at(std::size_t pool) noexcept {
        return Layout.pools[pool];
    }

    /// `visit(index)` of the first pool with blocks of at least `size` bytes aligned to Alignment,
    /// `visit(index<limit>{})` when there is none. O(log pools).
    template <std::uint32_t Alignment, class Visitor>
    [[gnu::always_inline]] static constexpr decltype(auto)
    for_size(std::size_t size, Visitor&& visit) noexcept {
        return by_size<Alignment, 0, fitting<Alignment>.count + 1>(size, visit);
    }

    /// `visit(index)` of the pool that holds `offset`. Requires an offset of a block. O(log pools).
    template <class Visitor>
    [[gnu::always_inline]] static constexpr decltype(auto)
    for_offset(std::uint32_t offset, Visitor&& visit) noexcept {
        return by_offset<0, limit>(offset, visit);
    }

private:
    struct selection {
        std::size_t pools[limit + 1] = {};
        std::size_t count = 0;
    };

    /// Pools that offer an alignment, ascending by block, then `limit` for none.
    template <std::uint32_t Alignment>
    static constexpr selection fitting = [] {
        selection result;
        for (std::size_t i = 0; i < limit; ++i) {
            if (Layout.pools[i].alignment >= Alignment) result.pools[result.count++] = i;
        }
        result.pools[result.count] = limit;
        return result;
    }();

    /// Pools as they stand in the arena.
    static constexpr selection placed = [] {
        selection result;
        for (std::size_t i = 0; i < limit; ++i) {
            std::size_t at = result.count++;
            for (; at != 0 && Layout.pools[result.pools[at - 1]].offset > Layout.pools[i].offset;
                 --at)
                result.pools[at] = result.pools[at - 1];
            result.pools[at] = i;
        }
        return result;
    }();

    template <std::uint32_t Alignment, std::size_t First, std::size_t Last, class Visitor>
    [[gnu::always_inline]] static constexpr decltype(auto)
    by_size(std::size_t size, Visitor& visit) noexcept {
        if constexpr (Last - First == 1) {
            return visit(index<fitting<Alignment>.pools[First]>{});
        } else {
            constexpr std::size_t middle = First + (Last - First) / 2;
            if (size <= Layout.pools[fitting<Alignment>.pools[middle - 1]].block)
                return by_size<Alignment, First, middle>(size, visit);
            return by_size<Alignment, middle, Last>(size, visit);
        }
    }

    template <std::size_t First, std::size_t Last, class Visitor>
    [[gnu::always_inline]] static constexpr decltype(auto)
    by_offset(std::uint32_t offset, Visitor& visit) noexcept {
        if constexpr (Last - First == 1) {
            return visit(index<placed.pools[First]>{});
        } else {
            constexpr std::size_t middle = First + (Last - First) / 2;
            if (offset < Layout.pools[placed.pools[middle]].offset)
                return by_offset<First, middle>(offset, visit);
            return by_offset<middle, Last>(offset, visit);
        }
    }
};

} // namespace drone

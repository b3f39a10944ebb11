// SPDX-License-Identifier: MIT
#pragma once

// What examines a heap and changes nothing: what an address is, walks over the blocks, the
// invariants. Part of heap.hpp.

#include <drone/heap.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

template <class Pools, exclusive_access Core, class Arena, link_place Links>
inline bool basic_heap<Pools, Core, Arena, Links>::is_block(const void* address) const noexcept {
    // Compared as integers: a foreign pointer is in no order with the arena's. Below the arena
    // wraps around.
    const std::uintptr_t offset =
        reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(arena_.base());
    if (offset > UINT32_MAX) return false;
    return searches_.for_offset(static_cast<std::uint32_t>(offset), [&](auto index) {
        if constexpr (has_region) {
            if (index == searches_.count())
                return region_.kind_of(arena_.base(), address) == region_kind::used;
        }
        const pool_layout& pool = searches_.at(index);
        return offset >= pool.offset && offset < pool.end() &&
               (offset - pool.offset) % pool.block == 0;
    });
}

template <class Pools, exclusive_access Core, class Arena, link_place Links>
inline bool basic_heap<Pools, Core, Arena, Links>::is_free(const void* block) const noexcept {
    if constexpr (has_region) {
        if (in_region(block)) return region_kind_of(block) == region_kind::free;
    }
    bool found = false;
    for_each_free(pool_of(block), [&](void* free_block) { found |= free_block == block; });
    return found;
}

template <class Pools, exclusive_access Core, class Arena, link_place Links>
inline bool basic_heap<Pools, Core, Arena, Links>::invariants_hold() const noexcept {
    for (std::size_t i = 0; i < searches_.count(); ++i) {
        if (count_free(i) < 0) return false;
    }
    if constexpr (has_region) return region_.alone().invariants_hold(arena_.base());
    return true;
}

template <class Pools, exclusive_access Core, class Arena, link_place Links>
template <class Visitor>
inline void basic_heap<Pools, Core, Arena, Links>::for_each_block(Visitor visit) noexcept {
    for (std::size_t i = 0; i < searches_.count(); ++i) {
        const pool_layout& pool = searches_.at(i);
        for (std::uint32_t offset = pool.offset; offset != pool.end(); offset += pool.block)
            visit(static_cast<void*>(arena_.base() + offset));
    }
}

template <class Pools, exclusive_access Core, class Arena, link_place Links>
template <class Visitor>
inline std::int64_t basic_heap<Pools, Core, Arena, Links>::for_each_free(
    std::size_t pool, Visitor visit
) const noexcept {
    return pools_[pool].for_each_free(
        const_cast<std::byte*>(arena_.base()), searches_.at(pool), link_in(pools_[pool]), visit
    );
}

} // namespace drone

// SPDX-License-Identifier: MIT
#pragma once

// How a heap resizes a block. Part of heap.hpp.

#include <drone/heap.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

namespace detail {

inline bool is_aligned(const void* block, std::size_t alignment) noexcept {
    return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

} // namespace detail

template <class Pools, exclusive_access Core, class Arena, link_place Links>
void* basic_heap<Pools, Core, Arena, Links>::place_resized(
    void* block, std::size_t /*old_size*/, std::size_t size, std::size_t alignment
) noexcept {
    const std::size_t own = pool_of(block);
    if constexpr (has_region) {
        if (searches_.region().layout().granules != 0) {
            if (keeps_place(own, block, size, alignment)) return block;
            return allocate(size, alignment);
        }
    }
    std::size_t i =
        searches_.template for_size<granule>(size, [](auto first) -> std::size_t { return first; });
    for (; i != searches_.count(); ++i) {
        if (searches_.at(i).alignment < alignment) continue;
        if (i == own) return block;
        if (void* const other = take(pools_[i]); other != nullptr) return other;
    }
    return detail::unserved(*this);
}

template <class Pools, exclusive_access Core, class Arena, link_place Links>
inline bool basic_heap<Pools, Core, Arena, Links>::may_give_tail_back(
    const void* block, std::size_t size, std::size_t alignment
) const noexcept {
    if constexpr (has_region) {
        return in_region(block) && detail::is_aligned(block, alignment) &&
               region_.has_room(arena_.base(), block, size);
    }
    return false;
}

template <class Pools, exclusive_access Core, class Arena, link_place Links>
inline bool basic_heap<Pools, Core, Arena, Links>::keeps_place(
    std::size_t own, void* block, std::size_t size, std::size_t alignment
) noexcept {
    if (!detail::is_aligned(block, alignment)) return false;
    if (own == searches_.count()) return region_.resize(arena_.base(), block, size);
    return size <= searches_.at(own).block;
}

/// Resizes a block, by way of the heap's place_resized(): it stays where it is, or moves with its
/// content, both blocks live in between. Returns where it is then, or null when no pool could serve
/// it; the old block is then untouched. Requires a block in use, of `old_size` bytes asked.
/// O(pools + bytes moved). Contexts as allocate(). Heap: a basic_heap, or what forwards to one;
/// `caller` as that takes it (trace.hpp).
template <class Heap, class... Caller>
[[nodiscard]] void* resize(
    Heap& served,
    void* block,
    std::size_t old_size,
    std::size_t new_size,
    std::size_t alignment = granule,
    Caller... caller
) noexcept {
    void* const place = served.place_resized(block, old_size, new_size, alignment, caller...);
    if (place == nullptr || place == block) return place;
    __builtin_memcpy(place, block, old_size < new_size ? old_size : new_size);
    served.deallocate(block, caller...);
    return place;
}

} // namespace drone

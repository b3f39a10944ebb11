// SPDX-License-Identifier: MIT
#pragma once

// Where a heap goes on when the first pool does not serve a request. Each is a call, so that the
// search has none of its code. Part of heap.hpp.

#include <drone/handlers.hpp>
#include <drone/language.hpp>

#include <cstddef>

namespace drone::detail {

/// Every request that no pool can serve ends here.
template <class Heap>
DRONE_A_CALL_AWAY void* unserved(Heap& heap) noexcept {
    if (!heap.initialized_) [[unlikely]]
        on_heap_misused(misuse::not_initialized, &heap);
    return nullptr;
}

/// The rest of the way up: every pool from `next` on, in turn.
template <class Heap, class Pool>
DRONE_A_CALL_AWAY void* fall_over(Heap& heap, Pool* next) noexcept {
    return heap.fall_over(next);
}

/// The same, past the pools that do not fit.
template <class Heap, class Pool>
DRONE_A_CALL_AWAY void*
fall_over_aligned(Heap& heap, Pool* next, std::size_t size, std::size_t alignment) noexcept {
    return heap.fall_over_aligned(next, size, alignment);
}

template <class Heap>
DRONE_A_CALL_AWAY void* from_region(Heap& heap, std::size_t size) noexcept {
    return heap.from_region(size);
}

/// The same, for contexts that may not use the region: larger pools.
template <class Heap>
DRONE_A_CALL_AWAY void*
from_region_if_admitted(Heap& heap, std::size_t size, std::size_t alignment) noexcept {
    return heap.from_region_if_admitted(size, alignment);
}

template <class Heap>
DRONE_A_CALL_AWAY void*
from_region_aligned(Heap& heap, std::size_t size, std::size_t alignment) noexcept {
    return heap.from_region_aligned(size, alignment);
}

template <class Heap>
DRONE_A_CALL_AWAY void give_to_region(Heap& heap, void* block) noexcept {
    heap.give_to_region(block);
}

} // namespace drone::detail

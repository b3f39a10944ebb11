// SPDX-License-Identifier: MIT
#pragma once

// A heap that forwards to another and counts, for firmware that wants to know at run time how full
// its pools are. Three words a pool; each operation spends some instructions in the core's critical
// section.

#include <drone/forwarding.hpp>
#include <drone/layout.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

/// What one pool has seen since the start, blocks.
struct pool_statistics {
    std::uint32_t used = 0; ///< blocks in use now
    std::uint32_t peak = 0; ///< most blocks in use at one time
    std::uint32_t missed =
        0; ///< requests that this pool would have served first, and had no block for
};

template <class Heap>
class counted : public forwarding<Heap> {
    using forwarding<Heap>::heap_;

public:
    using typename forwarding<Heap>::core;
    using typename forwarding<Heap>::pools;

    [[nodiscard]] void* allocate(std::size_t size, std::size_t alignment = granule) noexcept {
        return served(heap_.allocate(size, alignment), size, alignment);
    }

    void deallocate(void* block) noexcept {
        {
            const typename core::critical_section alone;
            --statistics_[heap_.pool_of(block)].used;
        }
        heap_.deallocate(block);
    }

    /// A block that keeps its place counts as before: nothing.
    [[nodiscard]] void* place_resized(
        void* block, std::size_t old_size, std::size_t size, std::size_t alignment
    ) noexcept {
        void* const place = heap_.place_resized(block, old_size, size, alignment);
        return place == block ? place : served(place, size, alignment);
    }

    /// A pool's counts, all of one instant. Any context of the heap.
    [[nodiscard]] pool_statistics statistics(std::size_t pool) const noexcept {
        const typename core::critical_section alone;
        return statistics_[pool];
    }

    /// Requests that no pool could serve. Any context.
    [[nodiscard]] std::uint32_t failures() const noexcept {
        const typename core::critical_section alone;
        return failures_;
    }

private:
    /// Counts what the heap answered to a request. Returns it.
    void* served(void* block, std::size_t size, std::size_t alignment) noexcept {
        const std::size_t first = first_pool(size, alignment);
        const std::size_t pool_served = block == nullptr ? pools::limit : heap_.pool_of(block);
        const typename core::critical_section alone;
        if (pool_served != pools::limit) {
            pool_statistics& pool = statistics_[pool_served];
            if (++pool.used > pool.peak) pool.peak = pool.used;
        } else {
            ++failures_;
        }
        if (first != pool_served && first != pools::limit) ++statistics_[first].missed;
        return block;
    }

    /// The first pool that fits, full or not; `limit` when none does.
    static std::size_t first_pool(std::size_t size, std::size_t alignment) noexcept {
        for (std::size_t i = 0; i < pools::limit; ++i) {
            if (pools::at(i).block >= size && pools::at(i).alignment >= alignment) return i;
        }
        return pools::limit;
    }

    pool_statistics statistics_[pools::limit]{};
    std::uint32_t failures_ = 0;
};

} // namespace drone

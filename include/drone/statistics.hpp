// SPDX-License-Identifier: MIT
#pragma once

// A heap that counts how full its pools are, for the firmware to read.

#include <drone/forwarding.hpp>
#include <drone/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace drone {

/// What one pool has seen since the start, in blocks.
struct pool_statistics {
    std::uint32_t used = 0;   ///< blocks in use now
    std::uint32_t peak = 0;   ///< most blocks in use at one time
    std::uint32_t missed = 0; ///< requests that came to this pool first and found it exhausted
};

/// What an overflow region has seen since the start: bytes of blocks without their headers.
struct region_statistics {
    std::uint32_t used = 0; ///< bytes in use now
    std::uint32_t peak = 0; ///< most bytes in use at one time
};

/// Heap, and counters. It takes three words of RAM a pool. Each operation spends some instructions
/// in the critical section of the core. Contexts: those of Heap.
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
            [[maybe_unused]] const std::uint32_t bytes = region_bytes(block);
            const std::size_t pool = heap_.pool_of(block);
            const typename core::critical_section alone;
            if (pool != pools::limit) {
                --statistics_[pool].used;
            } else if constexpr (Heap::has_region) {
                region_.used -= bytes;
            }
        }
        heap_.deallocate(block);
    }

    /// A pool's block that keeps its place counts as before: nothing.
    [[nodiscard]] void* place_resized(
        void* block, std::size_t old_size, std::size_t size, std::size_t alignment
    ) noexcept {
        [[maybe_unused]] const std::uint32_t before = give_tail_back(block, size, alignment);
        void* const place = heap_.place_resized(block, old_size, size, alignment);
        if (place != block) return served(place, size, alignment);
        if constexpr (Heap::has_region) {
            const std::uint32_t after = region_bytes(block);
            const typename core::critical_section alone;
            region_.used -= before;
            use(after);
        }
        return place;
    }

    /// A pool's counts, all of one instant. Any context of the heap.
    [[nodiscard]] pool_statistics statistics(std::size_t pool) const noexcept {
        const typename core::critical_section alone;
        return statistics_[pool];
    }

    /// The overflow region's counts, of one instant. Any context. What it could serve now:
    /// largest_request().
    [[nodiscard]] region_statistics statistics_of_region() const noexcept
        requires Heap::has_region
    {
        const typename core::critical_section alone;
        return region_;
    }

    /// Requests that nothing could serve. Any context.
    [[nodiscard]] std::uint32_t failures() const noexcept {
        const typename core::critical_section alone;
        return failures_;
    }

private:
    /// Counts what the heap answered to a request. Returns it.
    void* served(void* block, std::size_t size, std::size_t alignment) noexcept {
        const std::size_t first = first_pool(size, alignment);
        const std::size_t pool_served = block == nullptr ? pools::limit : heap_.pool_of(block);
        const std::uint32_t bytes = block == nullptr ? 0 : region_bytes(block);
        const typename core::critical_section alone;
        if (block == nullptr) {
            ++failures_;
        } else if (pool_served != pools::limit) {
            pool_statistics& pool = statistics_[pool_served];
            if (++pool.used > pool.peak) pool.peak = pool.used;
        } else {
            use(bytes);
        }
        if (first != pool_served && first != pools::limit) ++statistics_[first].missed;
        return block;
    }

    /// The first pool that serves a request, full or not; `limit` when none does.
    static std::size_t first_pool(std::size_t size, std::size_t alignment) noexcept {
        for (std::size_t i = 0; i < pools::limit; ++i) {
            const pool_layout& pool = pools::at(i);
            if (pool.block - Heap::block_overhead < size || pool.alignment < alignment) continue;
            if (Heap::has_region && size + Heap::block_overhead <= region_saves_up_to(pool.block))
                break;
            return i;
        }
        return pools::limit;
    }

    /// Bytes of a block of the region; 0 for a pool's.
    [[nodiscard]] std::uint32_t region_bytes(const void* block) const noexcept {
        if constexpr (Heap::has_region) {
            if (heap_.in_region(block)) return static_cast<std::uint32_t>(heap_.block_size(block));
        }
        return 0;
    }
    /// Before a resize, whose tail another context may take and count at once: counts what the
    /// block certainly keeps. Returns that.
    std::uint32_t give_tail_back(
        const void* block, [[maybe_unused]] std::size_t size, [[maybe_unused]] std::size_t alignment
    ) noexcept {
        const std::uint32_t bytes = region_bytes(block);
        if constexpr (Heap::has_region) {
            if (heap_.may_give_tail_back(block, size, alignment)) {
                const std::uint32_t kept = size < bytes ? static_cast<std::uint32_t>(size) : bytes;
                const typename core::critical_section alone;
                region_.used -= bytes - kept;
                return kept;
            }
        }
        return bytes;
    }
    /// Within the critical section.
    void use([[maybe_unused]] std::uint32_t bytes) noexcept {
        if constexpr (Heap::has_region) {
            region_.used += bytes;
            if (region_.used > region_.peak) region_.peak = region_.used;
        }
    }

    pool_statistics statistics_[pools::limit == 0 ? 1 : pools::limit]{};
    struct nothing {};
    [[no_unique_address]] std::conditional_t<Heap::has_region, region_statistics, nothing> region_{
    };
    std::uint32_t failures_ = 0;
};

} // namespace drone

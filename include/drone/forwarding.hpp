// SPDX-License-Identifier: MIT
#pragma once

// What all heaps that forward to another heap have in common.

#include <drone/language.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

/// A heap that forwards to another. It answers every question about the heap; checking, statistics
/// and tracing derive from it and add the operations. Contexts and complexity: those of Heap.
template <class Heap>
class forwarding {
public:
    using core = typename Heap::core;
    using pools = typename Heap::pools;
    static constexpr bool has_region = Heap::has_region;

    void initialize() noexcept { heap_.initialize(); }

    [[nodiscard]] std::size_t block_size(const void* block) const noexcept {
        return heap_.block_size(block);
    }
    [[nodiscard]] std::uint32_t offset_of(const void* address) const noexcept {
        return heap_.offset_of(address);
    }
    [[nodiscard]] std::size_t pool_of(const void* address) const noexcept {
        return heap_.pool_of(address);
    }
    [[nodiscard]] bool invariants_hold() const noexcept { return heap_.invariants_hold(); }
    [[nodiscard]] std::int64_t count_free(std::size_t pool) const noexcept {
        return heap_.count_free(pool);
    }
    [[nodiscard]] bool in_region(const void* block) const noexcept {
        return heap_.in_region(block);
    }
    [[nodiscard]] bool
    may_give_tail_back(const void* block, std::size_t size, std::size_t alignment) const noexcept {
        return heap_.may_give_tail_back(block, size, alignment);
    }
    [[nodiscard]] std::size_t largest_request() const noexcept
        requires has_region
    {
        return heap_.largest_request();
    }

protected:
    Heap heap_;
};

} // namespace drone

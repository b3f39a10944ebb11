// SPDX-License-Identifier: MIT
#pragma once

// A model of drone::basic_heap with pools and an overflow region. It places every block where the
// heap does (tests/layout/heap_model_test.cpp holds the one against the other), and has no memory
// for blocks: what the heap keeps in tags and in free blocks is in a table here. It takes a third of
// the instructions, for those who ask about many heaps (trials.hpp). What is chosen is replayed
// through the heap itself (replay.hpp).

#include "layout/replay.hpp"
#include "usage/demand.hpp"

#include <drone/layout.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace drone::layout {

/// As a heap after its initialize().
class heap_model {
public:
    /// A block in use.
    struct block {
        static constexpr std::uint32_t nowhere = UINT32_MAX;

        /// Its number in its pool; the number of its first granule, header included, in the region.
        std::uint32_t at = nowhere;
        std::uint32_t pool = 0; ///< the number of pools: it is in the region

        [[nodiscard]] bool exists() const { return at != nowhere; }
    };
    /// What the heap makes of a class of requests; made once, asked for often.
    struct request {
        std::uint32_t size = 0;
        std::uint32_t alignment = 0;
        std::uint32_t granules = 0; ///< of its block in the region; 0: larger than that
        std::uint32_t bin = 0;      ///< in which to look first
        std::uint32_t header = 0;   ///< is_long, where that block has one
        std::uint32_t pool = 0;     ///< that serves it, the number of pools for the region
    };

    /// The region may grow by `room` bytes.
    heap_model(const tried_heap& heap, std::uint32_t room)
        : place_(place_region(bytes_of(heap), bytes_of(heap) + heap.region_bytes + room)),
          most_granules_(place_.granules), bins_(most_granules_),
          pool_count_(static_cast<std::uint32_t>(heap.pools.size())), pools_(heap.pools.size()) {
        place_.granules = place_region(bytes_of(heap), bytes_of(heap) + heap.region_bytes).granules;
        place_pools(heap.pools.data(), heap.pools.size(), heap.alignment, layouts_.data());
        for (std::size_t number = 0; number < pools_.size(); ++number)
            for (std::uint32_t at = layouts_[number].capacity; at != 0;)
                pools_[number].push_back(--at);
        for (std::uint32_t count = 1; count < small_bins_.size(); ++count)
            small_bins_[count] = static_cast<std::uint8_t>(bins_.of(count));
        table_.resize(std::size_t{place_.first} + most_granules_ + 1);
        if (place_.granules != 0) put(place_.first, place_.granules);
    }

    [[nodiscard]] std::uint32_t region() const { return pool_count_; }
    [[nodiscard]] const region_layout& place() const { return place_; }

    [[nodiscard]] request request_of(const usage::request_class& asked) const {
        const std::uint32_t granules = granules_for(asked.size);
        return {
            .size = asked.size,
            .alignment = asked.alignment,
            .granules = granules,
            .bin = granules == 0 ? 0 : bin_of(granules - 1),
            .header = asked.size > small_request_limit ? is_long : 0,
            .pool = first_pool(asked),
        };
    }

    /// As allocate().
    [[nodiscard, gnu::always_inline]] block allocate(const request& asked) {
        if (asked.pool != region()) {
            std::vector<std::uint32_t>& free = pools_[asked.pool];
            if (!free.empty()) {
                const std::uint32_t at = free.back();
                free.pop_back();
                return {.at = at, .pool = asked.pool};
            }
        }
        if (asked.alignment > default_alignment) [[unlikely]]
            return allocate_aligned(asked);
        if (asked.granules == 0) [[unlikely]]
            return {};
        const std::uint32_t begin = take(asked.granules, asked.bin);
        if (begin == 0) [[unlikely]]
            return {};
        table_[begin].size |= asked.header;
        return {.at = begin, .pool = region()};
    }

    /// As deallocate().
    [[gnu::always_inline]] void deallocate(const block& old) {
        if (old.pool != region()) return pools_[old.pool].push_back(old.at);
        give_back(old.at, table_[old.at].size & ~is_long);
    }

    /// As place_resized().
    [[nodiscard]] block place_resized(const block& old, const request& asked) {
        if (offset_of(old) % asked.alignment != 0) return allocate(asked);
        const bool stays =
            old.pool == region() ? resize(old, asked) : asked.size <= layouts_[old.pool].block;
        return stays ? old : allocate(asked);
    }

    /// Of its payload in the arena, bytes.
    [[nodiscard]] std::uint32_t offset_of(const block& which) const {
        if (which.pool == region())
            return offset_of(which.at + ((table_[which.at].size & is_long) != 0 ? 1 : 0));
        return layouts_[which.pool].offset + which.at * layouts_[which.pool].block;
    }

    /// Adds granules to the region's end, as far as there is room: a block that is given back.
    /// Whether there was any.
    bool grow_region(std::uint32_t granules) {
        granules = std::min(granules, most_granules_ - place_.granules);
        if (granules < least_region_block) return false;
        const std::uint32_t begin = place_.last();
        place_.granules += granules;
        give_back(begin, granules);
        return true;
    }

private:
    static constexpr std::uint32_t is_free = std::uint32_t{1} << 31U;
    static constexpr std::uint32_t is_long = std::uint32_t{1} << 30U; ///< in use, and has a header
    static constexpr std::uint32_t longest_small = small_request_limit / region_granule + 1;
    static constexpr std::uint32_t bin_count = 32;
    static constexpr std::size_t pool_limit = 255;

    /// Of a granule. A size is that of the block that begins there, with is_free or is_long.
    struct granule_state {
        std::uint32_t size = 0;
        std::uint32_t left = 0;   ///< of the free block that ends in front of it, 0 where none does
        std::uint32_t next = 0;   ///< in the list of a free block, 0 at its end
        std::uint32_t before = 0; ///< in the list; the bin for its head
    };

    [[nodiscard]] static std::uint32_t bytes_of(const tried_heap& heap) {
        std::uint32_t bytes = 0;
        for (const pool_spec& pool : heap.pools)
            bytes += pool.block * pool.capacity;
        return bytes;
    }
    [[nodiscard]] std::uint32_t offset_of(std::uint32_t granule_number) const {
        return place_.first_block() + (granule_number - place_.first) * region_granule;
    }
    [[nodiscard]] std::uint32_t granules_for(std::uint32_t size) const {
        // A growing region has them when it needs them.
        return size > most_granules_ * region_granule ? 0 : region_granules(size);
    }
    [[nodiscard]] std::uint32_t bin_of(std::uint32_t granules) const {
        return granules < small_bins_.size() ? small_bins_[granules] : bins_.of(granules);
    }

    [[nodiscard]] std::uint32_t first_pool(const usage::request_class& asked) const {
        if (asked.alignment > default_alignment) return region();
        const std::uint32_t least = asked.alignment > granule ? default_alignment : granule;
        for (std::size_t number = 0; number < pools_.size(); ++number) {
            const pool_layout& pool = layouts_[number];
            if (pool.block < asked.size || pool.alignment < least) continue;
            const std::uint32_t above = region_saves_up_to(pool.block);
            const bool saves = asked.size <= above && above != 0;
            return saves ? region() : static_cast<std::uint32_t>(number);
        }
        return region();
    }

    // The region: the same steps as in region.hpp, by the same names.

    void put(std::uint32_t begin, std::uint32_t length) {
        const std::uint32_t bin = bin_of(length);
        const std::uint32_t next = heads_[bin];
        heads_[bin] = begin;
        granule_state& made = table_[begin];
        made.size = length | is_free;
        made.next = next;
        made.before = bin;
        table_[begin + length].left = length;
        if (next != 0) table_[next].before = begin;
        non_empty_ |= 1U << bin;
    }
    void take_out(const granule_state& old) {
        if (old.before < bin_count) {
            heads_[old.before] = old.next;
            if (old.next == 0) non_empty_ &= ~(1U << old.before);
        } else {
            table_[old.before].next = old.next;
        }
        if (old.next != 0) table_[old.next].before = old.before;
    }

    /// The block's first granule; 0 where there is none.
    std::uint32_t take(std::uint32_t count, std::uint32_t bin) {
        std::uint32_t begin = heads_[bin];
        if (begin == 0 || (table_[begin].size & ~is_free) < count) {
            const std::uint32_t larger = non_empty_ >> bin >> 1U;
            if (larger == 0) return 0;
            bin += 1 + static_cast<std::uint32_t>(std::countr_zero(larger));
            begin = heads_[bin];
        }
        const granule_state& found = table_[begin];
        const std::uint32_t length = found.size & ~is_free;
        heads_[bin] = found.next;
        if (found.next != 0)
            table_[found.next].before = bin;
        else
            non_empty_ &= ~(1U << bin);
        use(begin, length, count);
        return begin;
    }
    /// Makes the first `count` granules of a block that is in no list one in use; the rest becomes free.
    void use(std::uint32_t begin, std::uint32_t length, std::uint32_t count) {
        if (length - count < least_region_block) count = length;
        table_[begin].size = count;
        table_[begin + count].left = 0;
        if (count != length) put(begin + count, length - count);
    }

    void give_back(std::uint32_t begin, std::uint32_t length) {
        const granule_state& right = table_[begin + length];
        if ((right.size & is_free) != 0) {
            take_out(right);
            length += right.size & ~is_free;
        }
        if (const std::uint32_t left = table_[begin].left; left != 0) {
            begin -= left;
            take_out(table_[begin]);
            length += left;
        }
        put(begin, length);
    }

    /// Makes a block in use `count` granules long, or one more. Whether it and its free neighbour hold that.
    bool fit(std::uint32_t begin, std::uint32_t count) {
        const std::uint32_t header = table_[begin].size & is_long;
        const std::uint32_t length = table_[begin].size & ~is_long;
        if (count == length) return true;
        const granule_state& right = table_[begin + length];
        const bool beside_free = (right.size & is_free) != 0;
        const std::uint32_t whole = length + (beside_free ? right.size & ~is_free : 0);
        if (count > whole) return false;
        if (beside_free) take_out(right);
        use(begin, whole, count);
        table_[begin].size |= header;
        return true;
    }

    bool resize(const block& old, const request& asked) {
        if (asked.granules == 0) return false;
        if ((table_[old.at].size & is_long) != 0)
            return fit(old.at, std::max(asked.granules, longest_small + 1));
        return asked.header == 0 && fit(old.at, asked.granules);
    }

    [[nodiscard, gnu::noinline]] block allocate_aligned(const request& asked) {
        if (const block found = region_aligned(asked); found.exists()) return found;
        for (std::size_t number = 0; number < pools_.size(); ++number) {
            const pool_layout& pool = layouts_[number];
            if (pool.alignment < asked.alignment || pool.block < asked.size) continue;
            if (pools_[number].empty()) continue;
            const std::uint32_t at = pools_[number].back();
            pools_[number].pop_back();
            return {.at = at, .pool = static_cast<std::uint32_t>(number)};
        }
        return {};
    }
    [[nodiscard]] block region_aligned(const request& asked) {
        const std::uint32_t count = asked.granules;
        const std::uint32_t step = asked.alignment / region_granule;
        if (count == 0 || step > most_granules_ || count + step + 1 > most_granules_) return {};
        std::uint32_t begin = take(count + step + 1, bin_of(count + step));
        if (begin == 0) return {};
        const std::uint32_t offset = offset_of(begin + (asked.header != 0 ? 1 : 0));
        std::uint32_t front = (~offset + 1) % asked.alignment / region_granule;
        if (front == 1) front += step;
        if (front != 0) {
            const std::uint32_t length = table_[begin].size;
            table_[begin + front].size = length - front;
            give_back(begin, front);
            begin += front;
        }
        fit(begin, count);
        table_[begin].size |= asked.header;
        return {.at = begin, .pool = region()};
    }

    region_layout place_;
    std::uint32_t most_granules_;
    region_bins bins_;
    std::uint32_t pool_count_;
    std::array<std::uint8_t, 256> small_bins_{};
    std::array<pool_layout, pool_limit> layouts_{};
    std::vector<std::vector<std::uint32_t>>
        pools_; ///< numbers of their free blocks, the next one last
    std::array<std::uint32_t, bin_count> heads_{};
    std::uint32_t non_empty_ = 0; ///< a bit for each bin
    std::vector<granule_state> table_;
};

} // namespace drone::layout

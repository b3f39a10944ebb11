// SPDX-License-Identifier: MIT
#pragma once

// The target's heap with a layout that is known at run time: drone::basic_heap, the same code, with
// searches over a table instead of constants, memory of the host's as its arena, and a free list
// for one thread.

#include <drone/heap.hpp>
#include <drone/layout.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <vector>

namespace drone::layout {

/// The place of an overflow region that is known at run time: the members of
/// drone::static_region_place. Without granules there is none.
class runtime_region_place {
public:
    static constexpr bool exists = true;
    using index = std::uint32_t;

    runtime_region_place() = default;
    explicit runtime_region_place(const region_layout& layout)
        : layout_(layout), bins_(layout.granules) {}

    [[nodiscard]] const region_layout& layout() const noexcept { return layout_; }
    [[nodiscard]] bool is_empty() const noexcept { return layout_.granules == 0; }
    [[nodiscard]] std::uint32_t bin_of(std::uint32_t granules) const noexcept {
        return bins_.of(granules);
    }

private:
    region_layout layout_;
    region_bins bins_{0};
};

/// The searches over a layout that is known at run time: the members of drone::static_pools.
class runtime_pools {
public:
    static constexpr std::size_t limit = 255;
    using region_place = runtime_region_place;

    /// Requires pools that check_layout() accepts, at most `limit` of them; and none, or some bytes
    /// for a region after them.
    runtime_pools(
        std::span<const pool_spec> specs, std::uint32_t alignment, std::uint32_t region_bytes = 0
    )
        : count_(specs.size()) {
        place_pools(specs.data(), specs.size(), alignment, pools_.data());
        std::uint32_t used = 0;
        for (std::size_t pool = 0; pool < count_; ++pool)
            used += pools_[pool].size();
        region_ = runtime_region_place(place_region(used, used + region_bytes));
        for (std::size_t pool = 0; pool < count_; ++pool) {
            placed_[pool] = pool;
            const std::uint32_t block = pools_[pool].block;
            const std::uint32_t above = region_.is_empty() ? 0 : region_saves_up_to(block);
            granules_.add(pool, above, block);
            if (pools_[pool].alignment >= default_alignment) defaults_.add(pool, above, block);
        }
        std::sort(
            placed_.begin(),
            placed_.begin() + static_cast<std::ptrdiff_t>(count_),
            [this](std::size_t left, std::size_t right) {
                return pools_[left].offset < pools_[right].offset;
            }
        );
        granules_.index(count_);
        defaults_.index(count_);
        index_places();
    }

    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] const region_place& region() const noexcept { return region_; }
    [[nodiscard]] const pool_layout& at(std::size_t pool) const noexcept { return pools_[pool]; }

    template <std::uint32_t Alignment, class Visitor>
    decltype(auto) for_size(std::size_t size, Visitor&& visit) const noexcept {
        static_assert(Alignment == granule || Alignment == default_alignment);
        return visit((Alignment == granule ? granules_ : defaults_).first_fit(size, count_));
    }

    template <class Visitor>
    decltype(auto) for_offset(std::uint32_t offset, Visitor&& visit) const noexcept {
        if (region_.layout().holds(offset)) return visit(count_);
        std::size_t place = first_in_[offset >> bucket_bits_];
        while (offset >= ends_[place])
            ++place;
        return visit(placed_[place]);
    }

private:
    /// Fills the table from which for_offset() starts: for each of at most 256 equal parts of the
    /// arena, the first place that reaches into it.
    void index_places() {
        if (count_ == 0) return;
        for (std::size_t place = 0; place < count_; ++place)
            ends_[place] = pools_[placed_[place]].end();
        const std::uint32_t size = ends_[count_ - 1];
        while ((size - 1) >> bucket_bits_ >= first_in_.size())
            ++bucket_bits_;
        std::uint8_t place = 0;
        for (std::uint32_t bucket = 0; bucket <= (size - 1) >> bucket_bits_; ++bucket) {
            while (bucket << bucket_bits_ >= ends_[place])
                ++place;
            first_in_[bucket] = place;
        }
    }

    /// Pools that offer an alignment, ascending by block; each serves sizes above a bound.
    class selection {
    public:
        void add(std::size_t pool, std::uint32_t above, std::uint32_t block) {
            above_[count_] = above;
            blocks_[count_] = block;
            pools_[count_++] = pool;
        }
        /// Fills the table of small sizes; `none` is first_fit()'s.
        void index(std::size_t none) {
            std::size_t size = 0;
            for (std::size_t at = 0; at < count_; ++at)
                for (; size < small_.size() && size <= blocks_[at]; ++size)
                    small_[size] = static_cast<std::uint8_t>(
                        size <= above_[at] && above_[at] != 0 ? none : pools_[at]
                    );
            for (; size < small_.size(); ++size)
                small_[size] = static_cast<std::uint8_t>(none);
        }
        [[nodiscard]] std::size_t first_fit(std::size_t size, std::size_t none) const noexcept {
            if (size < small_.size()) [[likely]]
                return small_[size];
            const auto end = blocks_.begin() + static_cast<std::ptrdiff_t>(count_);
            const auto found = std::lower_bound(blocks_.begin(), end, size);
            const auto at = static_cast<std::size_t>(found - blocks_.begin());
            return found == end || (size <= above_[at] && above_[at] != 0) ? none : pools_[at];
        }

    private:
        std::array<std::uint32_t, limit> above_{};
        std::array<std::uint32_t, limit> blocks_{};
        std::array<std::size_t, limit> pools_{};
        std::array<std::uint8_t, 1024> small_{}; ///< by size, what first_fit() answers
        std::size_t count_ = 0;
    };
    static_assert(limit <= UINT8_MAX);

    std::array<pool_layout, limit> pools_{};
    std::array<std::size_t, limit> placed_{}; ///< by offset
    std::array<std::uint32_t, limit> ends_{}; ///< of the pools, by offset
    std::array<std::uint8_t, 256> first_in_{};
    unsigned bucket_bits_ = 0;
    selection granules_;
    selection defaults_;
    region_place region_;
    std::size_t count_;
};

/// A free list for one thread. A link is the offset of a block plus one, 0 at the end: it fits the
/// smallest block.
class offset_list {
public:
    [[nodiscard]] void* pop(std::byte* arena) noexcept {
        if (head_ == 0) return nullptr;
        std::byte* const block = arena + (head_ - 1);
        std::memcpy(&head_, block, sizeof head_);
        return block;
    }
    void push(std::byte* arena, void* block) noexcept {
        std::memcpy(block, &head_, sizeof head_);
        head_ = static_cast<std::uint32_t>(static_cast<std::byte*>(block) - arena) + 1;
    }
    [[nodiscard]] bool empty() const noexcept { return head_ == 0; }
    [[nodiscard]] void* below(std::byte* arena, void* block) const noexcept {
        std::uint32_t link = head_;
        if (block != nullptr) std::memcpy(&link, block, sizeof link);
        return link == 0 ? nullptr : arena + (link - 1);
    }

private:
    std::uint32_t head_ = 0;
};

/// A core for heaps that one thread uses: an exclusive_access without exclusion.
struct one_thread {
    using free_list = offset_list;
    struct critical_section {};
};

/// An arena in memory that somebody else owns.
class borrowed_arena {
public:
    borrowed_arena() = default;
    explicit borrowed_arena(std::byte* base) : base_(base) {}
    [[nodiscard]] std::byte* base() const noexcept { return base_; }

private:
    std::byte* base_ = nullptr;
};

/// A heap of these pools, and a region of so many bytes after them, initialised, in memory of its
/// own.
class runtime_heap {
public:
    using heap = basic_heap<runtime_pools, one_thread, borrowed_arena>;

    /// As runtime_pools.
    runtime_heap(
        std::span<const pool_spec> specs, std::uint32_t alignment, std::uint32_t region_bytes = 0
    )
        : memory_(allocate(specs, region_bytes)),
          heap_(runtime_pools(specs, alignment, region_bytes), borrowed_arena(memory_.get())) {
        heap_.initialize();
    }

    [[nodiscard]] heap& operator*() noexcept { return heap_; }
    [[nodiscard]] heap* operator->() noexcept { return &heap_; }

    /// The address of an offset in the arena.
    [[nodiscard]] void* at(std::uint32_t offset) noexcept { return memory_.get() + offset; }
    /// The pool that holds a block of this heap; the number of pools for the region.
    [[nodiscard]] std::size_t pool_of(const void* block) const noexcept {
        return heap_.searches().for_offset(heap_.offset_of(block), [](std::size_t pool) {
            return pool;
        });
    }

private:
    struct release {
        void operator()(std::byte* memory) const noexcept {
            ::operator delete(memory, std::align_val_t{alignment_limit});
        }
    };
    using memory = std::unique_ptr<std::byte, release>;

    static memory allocate(std::span<const pool_spec> specs, std::size_t bytes) {
        for (const pool_spec& pool : specs)
            bytes += std::size_t{pool.block} * pool.capacity;
        return memory(
            static_cast<std::byte*>(::operator new(bytes, std::align_val_t{alignment_limit}))
        );
    }

    memory memory_;
    heap heap_;
};

} // namespace drone::layout

// SPDX-License-Identifier: MIT
#pragma once

// Pools put together: a heap whose every operation takes a bounded number of steps.

#include <drone/arena.hpp>
#include <drone/bits.hpp>
#include <drone/exclusive.hpp>
#include <drone/heap_slow_path.hpp>
#include <drone/layout.hpp>
#include <drone/pool.hpp>
#include <drone/search.hpp>
#include <drone/shared_region.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

/// Where a free block keeps its link.
enum class link_place : std::uint8_t {
    first_word, ///< where an address is cheapest
    last_word,  ///< where the program never writes, when a heap on top keeps that word for itself
};

/// A heap of pools. Pools is static_pools of a constexpr layout, or a type with the same members.
/// The base() of Arena is aligned to the layout's alignment and has its size.
///
/// A request goes to the first pool whose blocks are large enough and aligned as requested. If that
/// pool is exhausted, the request falls over to the next larger pool that fits, and so on. A
/// request that no pool can serve gets null. The heap never splits or merges blocks, so it does not
/// fragment.
///
/// With an overflow region after the pools (region.hpp), a pool serves the sizes for which the
/// region would take as many bytes or more. The region serves what no pool does, and what finds its
/// pool exhausted. What the region cannot serve fails. The region masks interrupts only for
/// stretches of a bounded length.
///
/// Guarantees. Every context that Core names may call every operation, at any moment, without a
/// lock: an interrupt that allocates and frees may preempt it before any instruction. allocate()
/// tries each pool at most once; deallocate() touches one pool. There is no header: a block is all
/// the user's. RAM beyond the blocks is one free-list head a pool, and one word.
///
/// Limits. The heap must be initialised once before its first use (DRONE_HEAP in global.hpp). The
/// first request to a heap that was not initialised ends in heap_misused() (handlers.hpp).
/// deallocate() of anything that allocate() did not return is undefined.
template <
    class Pools,
    exclusive_access Core,
    class Arena,
    link_place Links = link_place::first_word>
class basic_heap {
    using region_place = typename Pools::region_place;

public:
    static constexpr link_place links = Links;
    using pools = Pools;
    using core = Core;
    static constexpr bool has_region = region_place::exists;
    static constexpr std::size_t block_overhead = 0; ///< bytes of a block that no request gets

    constexpr basic_heap() = default;
    constexpr explicit basic_heap(Pools searches, Arena arena)
        : searches_(searches), region_(region_at(searches)), arena_(arena) {}
    basic_heap(const basic_heap&) = delete;
    basic_heap& operator=(const basic_heap&) = delete;

    /// Puts every block of every pool on its free list. O(blocks). Once, before any other use, from
    /// one context.
    void initialize() noexcept {
        for (std::size_t i = 0; i < searches_.count(); ++i)
            pools_[i].initialize(arena_.base(), searches_.at(i), link_in(pools_[i]));
        if constexpr (has_region) region_.initialize(arena_.base());
        initialized_ = true;
    }

    /// Takes a block of at least `size` bytes, its address a multiple of `alignment` (a power of
    /// two; what is below the granule counts as the granule). A size of 0 takes the smallest block.
    /// Returns null when no pool that fits has a free block, or none is large or aligned enough,
    /// and there is no region, or that has no free block for it. O(log pools) while the first pool
    /// that fits has a block, then O(1) a pool more, and for the region. Any context of Core.
    [[nodiscard, gnu::always_inline]] void*
    allocate(std::size_t size, std::size_t alignment = granule) noexcept {
        if (alignment <= granule) return allocate_aligned<granule>(size, alignment);
        if (alignment <= default_alignment)
            return allocate_aligned<default_alignment>(size, alignment);
        if constexpr (has_region) return detail::from_region_aligned(*this, size, alignment);
        return detail::fall_over_aligned(*this, pools_, size, alignment);
    }

    /// A block of the first pool that fits, or null where allocate() would have to look further:
    /// what is worth inlining of it. As allocate().
    [[nodiscard, gnu::always_inline]] void*
    allocate_at_once(std::size_t size, std::size_t alignment) noexcept {
        if (alignment <= granule) return first_block<granule>(size);
        if (alignment <= default_alignment) return first_block<default_alignment>(size);
        return nullptr;
    }

    /// deallocate() of a block or of null, which does nothing.
    [[gnu::always_inline]] void deallocate_or_null(void* block) noexcept {
        if constexpr (sizeof block > sizeof(std::uint32_t)) {
            if (block == nullptr) return; // its offset, cut to 32 bits, may be any
        }
        searches_.for_offset(offset_of(block), [&](auto index) __attribute__((always_inline)) {
            // Null is in front of the arena, so its offset wraps around to the last place.
            bool last = true;
            if constexpr (requires(const Pools& pools) { pools.last_placed(); })
                last = index == searches_.last_placed();
            if (last && block == nullptr) return;
            if constexpr (has_region) {
                if (index == searches_.count()) return detail::give_to_region(*this, block);
            }
            take_back(pools_[index], block);
        });
    }

    /// Gives a block back. Requires one that allocate() of this heap returned and that was not
    /// given back since. O(log pools). Any context of Core.
    [[gnu::always_inline]] void deallocate(void* block) noexcept {
        searches_.for_offset(offset_of(block), [&](auto index) __attribute__((always_inline)) {
            if constexpr (has_region) {
                if (index == searches_.count()) return detail::give_to_region(*this, block);
            }
            take_back(pools_[index], block);
        });
    }

    /// Where a block goes that is resized to `size` bytes; this alone decides it. The first pool
    /// that serves `size` and `alignment` and has a free block, as for allocate(), but for this
    /// resize the block's own pool always has one: the block itself. So a block keeps its place
    /// where no smaller pool can take it, moves down where one can, and moves up when it has to.
    /// In front of a region a block of a pool keeps its place where it fits, and one of the region
    /// where it can grow into a free neighbour or shrink, which gives its tail back.
    /// Returns the block, or another that is taken for it, or null: nothing serves, all is as
    /// before. Requires a block in use. As allocate()
    /// in time and contexts. For drone::resize() and what forwards to this heap.
    [[nodiscard, gnu::noinline]] void* place_resized(
        void* block, std::size_t /*old_size*/, std::size_t size, std::size_t alignment
    ) noexcept;

    /// Whether place_resized() leaves a block of the region where it is, in no more bytes than it
    /// has: what it no longer needs may then be another's at once. Requires a block in use. O(1). Any
    /// context of Core.
    [[nodiscard]] bool
    may_give_tail_back(const void* block, std::size_t size, std::size_t alignment) const noexcept;

    /// Bytes of a block in use, all of them usable; of a block of a pool, whichever address in it
    /// is given. O(log pools). Any context.
    [[nodiscard]] std::size_t block_size(const void* block) const noexcept {
        return searches_.for_offset(offset_of(block), [&](auto index) -> std::size_t {
            if constexpr (has_region) {
                if (index == searches_.count()) return region_.block_size(arena_.base(), block);
            }
            return searches_.at(index).block;
        });
    }

    /// Whether a block is the region's, not a pool's. Requires an address in the arena. O(1). Any
    /// context.
    [[nodiscard]] bool in_region(const void* block) const noexcept {
        if constexpr (has_region) return searches_.region().layout().holds(offset_of(block));
        return false;
    }

    /// Offset of an address in the arena, bytes. Any context.
    [[nodiscard, gnu::always_inline]] std::uint32_t offset_of(const void* address) const noexcept {
        return static_cast<std::uint32_t>(static_cast<const std::byte*>(address) - arena_.base());
    }

    /// Index of the pool that holds this address, the number of pools for the region. Requires an
    /// address in a block. O(log pools). Any context.
    [[nodiscard]] std::size_t pool_of(const void* address) const noexcept {
        return searches_.for_offset(offset_of(address), [](auto index) -> std::size_t {
            return index;
        });
    }

    /// Whether this is the address of a block; any pointer may be asked about. Of a pool, whether
    /// the block is in use or not; of the region, of one in use. O(log pools). Any context.
    [[nodiscard]] bool is_block(const void* address) const noexcept;

    /// Whether every free list is sound: made of this pool's blocks, each once; and the region.
    /// O(blocks). While no other context uses the heap.
    [[nodiscard]] bool invariants_hold() const noexcept;

    /// Free blocks of a pool, -1 when its free list is damaged. O(capacity). While no other context
    /// uses the heap.
    [[nodiscard]] std::int64_t count_free(std::size_t pool) const noexcept {
        return for_each_free(pool, [](void*) {});
    }

    /// Whether a block, of a pool or of the region, is free. O(capacity). While no other context
    /// uses the heap.
    [[nodiscard]] bool is_free(const void* block) const noexcept;

    /// The largest request that the region would serve now, bytes. O(1). Any context of Core that
    /// may use the region.
    [[nodiscard]] std::size_t largest_request() const noexcept
        requires has_region
    {
        return region_.largest_request(arena_.base());
    }

    /// What `address` is to the region: a block in use, a free one, neither. Contexts as above.
    [[nodiscard]] region_kind region_kind_of(const void* address) const noexcept
        requires has_region
    {
        return region_.kind_of(arena_.base(), address);
    }

    /// Calls `visit(kind, offset, bytes)` for every block of the region; as
    /// region::for_each_block().
    template <class Visitor>
    bool for_each_region_block(Visitor visit) const noexcept
        requires has_region
    {
        return region_.alone().for_each_block(arena_.base(), visit);
    }

    /// Calls `visit(block)` for every block of every pool, in use or not. O(blocks).
    template <class Visitor>
    void for_each_block(Visitor visit) noexcept;

    /// The searches over the layout: pools by size and by offset. Any context.
    [[nodiscard]] const Pools& searches() const noexcept { return searches_; }

private:
    using pool_type = pool<typename Core::free_list>;
    using region_type = typename detail::region_of<region_place, Core, has_region>::type;

    template <class Heap>
    friend void* detail::unserved(Heap& heap) noexcept;
    template <class Heap>
    friend void* detail::from_region(Heap& heap, std::size_t size) noexcept;
    template <class Heap>
    friend void*
    detail::from_region_aligned(Heap& heap, std::size_t size, std::size_t alignment) noexcept;
    template <class Heap>
    friend void*
    detail::from_region_if_admitted(Heap& heap, std::size_t size, std::size_t alignment) noexcept;
    template <class Heap>
    friend void detail::give_to_region(Heap& heap, void* block) noexcept;
    template <class Heap, class Pool>
    friend void* detail::fall_over(Heap& heap, Pool* next) noexcept;
    template <class Heap, class Pool>
    friend void* detail::fall_over_aligned(
        Heap& heap, Pool* next, std::size_t size, std::size_t alignment
    ) noexcept;

    template <std::uint32_t Alignment>
    [[gnu::always_inline]] void*
    allocate_aligned(std::size_t size, std::size_t alignment) noexcept {
        return searches_.template for_size<Alignment>(
            size,
            [&](auto index) __attribute__((always_inline)) -> void* {
                if constexpr (has_region) {
                    if (index == searches_.count()) return go_to_region<Alignment>(size);
                    return serve_or_region<Alignment>(pools_[index], size);
                }
                if (index == searches_.count()) return detail::unserved(*this);
                if constexpr (Alignment > granule) {
                    return serve_aligned(pools_[index], size, alignment);
                } else {
                    return serve(pools_[index]);
                }
            }
        );
    }

    template <std::uint32_t Alignment>
    [[gnu::always_inline]] void* first_block(std::size_t size) noexcept {
        return searches_.template for_size<Alignment>(
            size,
            [&](auto index) __attribute__((always_inline)) -> void* {
                return index == searches_.count() ? nullptr : take_first(pools_[index]);
            }
        );
    }

    // The leaves of the searches. Not forced inline: optimised for speed they are part of every
    // leaf, optimised for size they stand once.

    void* take_first(pool_type& first) noexcept { return take(first); }
    void* serve(pool_type& first) noexcept {
        if (void* const block = take(first); block != nullptr) [[likely]]
            return block;
        return detail::fall_over(*this, &first + 1);
    }
    void* serve_aligned(pool_type& first, std::size_t size, std::size_t alignment) noexcept {
        if (void* const block = take(first); block != nullptr) [[likely]]
            return block;
        return detail::fall_over_aligned(*this, &first + 1, size, alignment);
    }
    template <std::uint32_t Alignment>
    void* serve_or_region(pool_type& first, std::size_t size) noexcept {
        if (void* const block = take(first); block != nullptr) [[likely]]
            return block;
        if constexpr (requires { searches_.region().is_empty(); }) {
            // A host's heap knows only at run time that it has no region: larger pools, then.
            if (searches_.region().is_empty())
                return detail::fall_over_aligned(*this, &first + 1, size, Alignment);
        }
        return go_to_region<Alignment>(size);
    }
    template <std::uint32_t Alignment>
    [[gnu::always_inline]] void* go_to_region(std::size_t size) noexcept {
        if constexpr (region_type::defers)
            return detail::from_region_if_admitted(*this, size, Alignment);
        else
            return detail::from_region(*this, size);
    }
    void take_back(pool_type& from, void* block) noexcept {
        from.give_back(arena_.base(), block, link_in(from));
    }

    [[gnu::always_inline]] void* take(pool_type& from) noexcept {
        return from.take(arena_.base(), link_in(from));
    }
    [[gnu::always_inline]] std::uint32_t link_in(const pool_type& from) const noexcept {
        if constexpr (Links == link_place::first_word) return 0;
        return searches_.at(static_cast<std::size_t>(&from - pools_)).block - granule;
    }

    [[gnu::always_inline]] void* fall_over(pool_type* next) noexcept {
        if constexpr (Pools::limit > 8 && !bits::for_size) {
            // Of many pools, four at a time: half the instructions a pool.
            if (searches_.count() >= 4) {
                const pool_type* const last_four = pools_ + searches_.count() - 4;
                while (next <= last_four && next[0].exhausted() && next[1].exhausted() &&
                       next[2].exhausted() && next[3].exhausted())
                    next += 4;
            }
        }
        for (; next != pools_ + searches_.count(); ++next) {
            if (next->exhausted()) continue; // a look is cheaper than to try
            if (void* const block = take(*next); block != nullptr) return block;
        }
        return detail::unserved(*this);
    }

    [[gnu::always_inline]] void*
    fall_over_aligned(pool_type* next, std::size_t size, std::size_t alignment) noexcept {
        for (; next != pools_ + searches_.count(); ++next) {
            const pool_layout& layout = searches_.at(static_cast<std::size_t>(next - pools_));
            if (layout.alignment < alignment || layout.block < size) continue;
            if (void* const block = take(*next); block != nullptr) return block;
        }
        return detail::unserved(*this);
    }

    // What the region cannot serve fails: larger pools are for what they were cut for. Only a
    // context that may not use the region has them.

    [[gnu::always_inline]] void* from_region(std::size_t size) noexcept {
        if (void* const block = region_.allocate(arena_.base(), size); block != nullptr) [[likely]]
            return block;
        return detail::unserved(*this);
    }
    [[gnu::always_inline]] void*
    from_region_if_admitted(std::size_t size, std::size_t alignment) noexcept {
        if (region_.admitted()) [[likely]]
            return detail::from_region(*this, size);
        return detail::fall_over_aligned(*this, pools_, size, alignment);
    }
    [[gnu::always_inline]] void*
    from_region_aligned(std::size_t size, std::size_t alignment) noexcept {
        void* const block =
            region_.admitted() ? region_.allocate_aligned(arena_.base(), size, alignment) : nullptr;
        if (block != nullptr) [[likely]]
            return block;
        return detail::fall_over_aligned(*this, pools_, size, alignment);
    }
    [[gnu::always_inline]] void give_to_region(void* block) noexcept {
        region_.deallocate(arena_.base(), block);
    }

    /// Whether a block can be one for `size` bytes where it is; it then is. `own`: its pool_of().
    bool
    keeps_place(std::size_t own, void* block, std::size_t size, std::size_t alignment) noexcept;

    template <class Visitor>
    std::int64_t for_each_free(std::size_t pool, Visitor visit) const noexcept;

    static auto region_at([[maybe_unused]] const Pools& searches) noexcept {
        if constexpr (has_region)
            return region_type(searches.region());
        else
            return region_type();
    }

    [[no_unique_address]] Pools searches_{};
    pool_type pools_[Pools::limit == 0 ? 1 : Pools::limit]{};
    bool initialized_ = false; ///< for who gets nothing: an uninitialised heap looks exhausted
    [[no_unique_address]] region_type region_{};
    [[no_unique_address]] Arena arena_{};
};

/// A heap of this layout (a constexpr heap_layout with static storage), its arena part of the
/// object.
template <
    const auto& Layout,
    exclusive_access Core,
    class Arena = embedded_arena<Layout.size, Layout.alignment>,
    link_place Links = link_place::first_word>
using heap = basic_heap<static_pools<Layout>, Core, Arena, Links>;

} // namespace drone

#include <drone/heap_inspection.hpp>
#include <drone/heap_resize.hpp>

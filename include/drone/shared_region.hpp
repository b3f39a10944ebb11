// SPDX-License-Identifier: MIT
#pragma once

// The overflow region as the contexts of a core share it.

#include <drone/exclusive.hpp>
#include <drone/layout.hpp>
#include <drone/region.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

namespace detail {
template <class Core>
struct region_guard_of {
    struct type {
        static constexpr bool defers = false;
        [[no_unique_address]] typename Core::critical_section alone;
    };
};
template <class Core>
    requires requires { typename Core::region_guard; }
struct region_guard_of<Core> {
    using type = typename Core::region_guard;
};

/// The list of the blocks that could not be given back at once.
template <class List, bool Defers>
struct deferred_blocks {
    List list_{};
};
template <class List>
struct deferred_blocks<List, false> {};
} // namespace detail

/// A region that the contexts of a core share. Place: as that of region. Any context of Core may
/// call every operation, unless the operation says otherwise.
///
/// By default every operation runs in the core's critical section: one stretch, of a bounded number
/// of instructions. A core may have a guard of its own, a type `region_guard`:
///
///     struct region_guard {            // a scope, entered for each operation
///         static constexpr bool defers = true;
///         static bool admitted() noexcept;  // whether the running context may enter
///     };
///
/// Contexts that are not admitted take from pools only. What they give back goes onto a list. The
/// next operation that takes from the region moves two blocks of that list; one that would fail
/// moves all of them.
template <class Place, exclusive_access Core>
class shared_region
    : detail::
          deferred_blocks<typename Core::free_list, detail::region_guard_of<Core>::type::defers> {
    using guard = typename detail::region_guard_of<Core>::type;

public:
    static constexpr bool exists = Place::exists;
    /// Whether there are contexts that may not use the region.
    static constexpr bool defers = guard::defers;

    constexpr shared_region() = default;
    constexpr explicit shared_region(Place place) : region_(place) {}

    void initialize(std::byte* arena) noexcept {
        if (region_.layout().granules != 0) region_.initialize(arena);
    }

    /// Whether the running context may take from the region.
    [[nodiscard, gnu::always_inline]] static bool admitted() noexcept {
        if constexpr (guard::defers) return guard::admitted();
        return true;
    }

    /// A block aligned to 8, or null. Requires a context that is admitted.
    [[nodiscard, gnu::always_inline]] void* allocate(std::byte* arena, std::size_t size) noexcept {
        return retried(arena, [&]() __attribute__((always_inline)) {
            return region_.template allocate<guard>(arena, size);
        });
    }

    /// The same, aligned to a power of two above 8.
    [[nodiscard]] void*
    allocate_aligned(std::byte* arena, std::size_t size, std::size_t alignment) noexcept {
        return retried(arena, [&] {
            return region_.template allocate_aligned<guard>(arena, size, alignment);
        });
    }

    /// Requires a block in use.
    [[gnu::always_inline]] void deallocate(std::byte* arena, void* block) noexcept {
        if constexpr (guard::defers) {
            if (!guard::admitted()) return this->list_.push(arena, block);
        }
        region_.template deallocate<guard>(arena, block);
    }

    /// Requires a block in use. A context that is not admitted moves no end of a block.
    [[nodiscard]] bool resize(std::byte* arena, void* block, std::size_t size) noexcept {
        if (!admitted()) return size <= region_.block_size(arena, block);
        return region_.template resize<guard>(arena, block, size);
    }

    /// As region::has_room(). Requires a block in use.
    [[nodiscard]] bool
    has_room(const std::byte* arena, const void* block, std::size_t size) const noexcept {
        if (!admitted()) return size <= region_.block_size(arena, block);
        [[maybe_unused]] const guard alone{};
        return region_.has_room(arena, block, size);
    }

    /// Requires a block in use: both its ends stay where they are, whatever others do.
    [[nodiscard]] std::size_t block_size(const std::byte* arena, const void* block) const noexcept {
        return region_.block_size(arena, block);
    }

    /// Requires a context that is admitted.
    [[nodiscard]] region_kind kind_of(const std::byte* arena, const void* address) const noexcept {
        [[maybe_unused]] const guard alone{};
        return region_.kind_of(arena, address);
    }

    /// Requires a context that is admitted.
    [[nodiscard]] std::size_t largest_request(const std::byte* arena) const noexcept {
        [[maybe_unused]] const guard alone{};
        return region_.largest_request(arena);
    }

    /// The region itself, for walks while no other context uses the heap.
    [[nodiscard]] const region<Place>& alone() const noexcept { return region_; }

private:
    /// What `take` answers, blocks of the list given back before: two, and where that is not enough,
    /// all.
    template <class Take>
    [[gnu::always_inline]] void* retried([[maybe_unused]] std::byte* arena, Take take) noexcept {
        if constexpr (!guard::defers) {
            return take();
        } else {
            if (take_deferred(arena)) take_deferred(arena);
            for (;;) {
                void* const block = take();
                if (block != nullptr || !take_deferred(arena)) return block;
            }
        }
    }

    /// Gives back one block of the list. Whether there was one.
    bool take_deferred(std::byte* arena) noexcept {
        if (this->list_.empty()) [[likely]]
            return false;
        void* const block = this->list_.pop(arena);
        if (block == nullptr) return false;
        region_.template deallocate<guard>(arena, block);
        return true;
    }

    region<Place> region_;
};

namespace detail {
/// What a heap has in place of a region.
struct no_region {
    static constexpr bool exists = false;
};
template <class Place, class Core, bool Exists>
struct region_of {
    using type = shared_region<Place, Core>;
};
template <class Place, class Core>
struct region_of<Place, Core, false> {
    using type = no_region;
};
} // namespace detail

} // namespace drone

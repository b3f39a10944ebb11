// SPDX-License-Identifier: MIT
#pragma once

// One pool of equal blocks.

#include <drone/exclusive.hpp>
#include <drone/layout.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

/// A pool of equal blocks. Its place is a constant (pool_layout). The list of its free blocks is
/// its only state.
///
///     free_list -> [ link | unused ] -> [ link | unused ] -> end
///
/// A block in use is all the user's. In a checked heap the link of a free block is in its last
/// word, which the user never gets (checked.hpp). `link` is the place of the link in the block, in
/// bytes.
///
/// Invariants:
///
/// - Every block on the list belongs to this pool, starts on a block boundary, and is there once.
/// - A block that was taken and not given back is not on the list.
template <free_list List>
class pool {
public:
    /// Puts every block on the list, the lowest address on top. O(capacity). Once, before any other
    /// use.
    void initialize(std::byte* arena, const pool_layout& layout, std::uint32_t link = 0) noexcept {
        for (std::uint32_t offset = layout.end(); offset != layout.offset;) {
            offset -= layout.block;
            list_.push(arena, arena + offset + link);
        }
    }

    /// A free block, or null when all are taken. O(1). Any context that the core's free list
    /// allows.
    [[nodiscard, gnu::always_inline]] void*
    take(std::byte* arena, std::uint32_t link = 0) noexcept {
        void* const linked = list_.pop(arena);
        if (link == 0 || linked == nullptr) return linked;
        return static_cast<std::byte*>(linked) - link;
    }

    /// Requires a block that take() returned and that was not given back since. O(1). Contexts as
    /// take().
    [[gnu::always_inline]] void
    give_back(std::byte* arena, void* block, std::uint32_t link = 0) noexcept {
        list_.push(arena, static_cast<std::byte*>(block) + link);
    }

    /// Whether no block was free at some instant during the call. O(1). Any context.
    [[nodiscard]] bool exhausted() const noexcept { return list_.empty(); }

    /// Calls `visit(block)` for every free block. Returns their number, or -1 when invariant 1 does
    /// not hold. O(free blocks); while nobody else uses the pool.
    template <class Visitor>
    std::int64_t for_each_free(
        std::byte* arena, const pool_layout& layout, std::uint32_t link, Visitor visit
    ) const noexcept {
        std::int64_t count = 0;
        for (void* linked = list_.below(arena, nullptr); linked != nullptr;
             linked = list_.below(arena, linked)) {
            // An address below the pool wraps around to an offset beyond its end.
            const std::size_t offset =
                static_cast<std::size_t>(static_cast<std::byte*>(linked) - arena) - link -
                layout.offset;
            if (offset >= layout.size() || offset % layout.block != 0) return -1;
            if (++count > std::int64_t{layout.capacity})
                return -1; // a cycle, so some block is there twice
            visit(static_cast<void*>(static_cast<std::byte*>(linked) - link));
        }
        return count;
    }

private:
    List list_{};
};

} // namespace drone

// SPDX-License-Identifier: MIT
#pragma once

// A heap that forwards to another and finds misuse of it, at the level that the project picks.
//
// In an overflow region (region.hpp) blocks are found exactly, by tags that a program's overruns do
// not reach: at either level a block that is given back must be in use, and begin there. Level full
// adds the tail word in blocks in use; free ones are not filled.
//
// cheap: what is given back must be a block of this heap. Finds foreign and interior pointers,
// blocks of another heap. A few instructions for each deallocation; no memory.
//
// full: besides that, every block carries a tail word, and what the program may not touch is
// filled:
//
//     in use:  [ the user's size bytes | slack: 0xFD ... | tail: live mark ^ size ]
//     free:    [ link | 0xDD ...                         | tail: free mark        ]
//
// Finds double frees, overruns (from the first byte past the size asked for) when the block is
// given back or resized, and writes after free when the block is taken again. Costs 4 bytes of each
// block and a pass over the block; times are then bounded by the block's size. For debugging.

#include <drone/forwarding.hpp>
#include <drone/layout.hpp>
#include <drone/region.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

enum class checking : std::uint8_t { none, cheap, full };

enum class misuse : std::uint8_t {
    not_a_block,      ///< foreign, interior, or another heap's pointer given back
    double_free,      ///< block given back that is not in use
    overrun,          ///< bytes behind the size asked for were written
    write_after_free, ///< a free block was written
};

/// Called with the first misuse found, in the context that found it. Must not return. A project may
/// define it; ours (in DRONE_GLOBAL_HEAP) traps.
[[noreturn]] void heap_misused(misuse what, const void* address);

template <class Heap, checking Level>
class checked : public forwarding<Heap> {
    static_assert(Level != checking::none, "an unchecked heap is the heap itself");
    static constexpr bool full = Level == checking::full;
    static constexpr std::size_t tail_size = full ? sizeof(std::uint32_t) : 0;
    using forwarding<Heap>::heap_;

public:
    void initialize() noexcept {
        heap_.initialize();
        if constexpr (full) heap_.for_each_block([this](void* block) { mark_free(block); });
    }

    /// As Heap::allocate(), with 4 bytes more at level full.
    [[nodiscard]] void* allocate(std::size_t size, std::size_t alignment = granule) noexcept {
        if constexpr (!full) {
            return heap_.allocate(size, alignment);
        } else {
            if (size > SIZE_MAX - tail_size) return nullptr;
            void* const block = heap_.allocate(size + tail_size, alignment);
            if (block != nullptr) begin_life(block, size);
            return block;
        }
    }

    /// As Heap::deallocate(), but may be called with anything. At level full O(block).
    void deallocate(void* block) noexcept {
        require_block(block);
        if constexpr (full) {
            check_live(block);
            mark_free(block);
        }
        heap_.deallocate(block);
    }

    /// As Heap::place_resized(), but may be called with anything.
    [[nodiscard]] void* place_resized(
        void* block, std::size_t old_size, std::size_t size, std::size_t alignment
    ) noexcept {
        require_block(block);
        if constexpr (!full) {
            return heap_.place_resized(block, old_size, size, alignment);
        } else {
            check_live(block);
            if (size > SIZE_MAX - tail_size) return nullptr;
            void* const place = heap_.place_resized(block, old_size, size + tail_size, alignment);
            if (place == block) {
                mark_live(place, size);
            } else if (place != nullptr) {
                begin_life(place, size);
            }
            return place;
        }
    }

    /// Bytes of the block that the user may ask for.
    [[nodiscard]] std::size_t block_size(const void* block) const noexcept {
        return heap_.block_size(block) - tail_size;
    }

private:
    static constexpr std::uint32_t live_mark = 0x6C69'7665; // "live"
    static constexpr std::uint32_t free_mark = 0x6672'6565; // "free"
    static constexpr unsigned char slack_fill = 0xFD;
    static constexpr unsigned char free_fill = 0xDD;

    [[nodiscard]] std::size_t usable(const void* block) const noexcept { return block_size(block); }

    [[nodiscard]] std::uint32_t tail(const void* block) const noexcept {
        std::uint32_t word = 0;
        __builtin_memcpy(&word, static_cast<const std::byte*>(block) + usable(block), sizeof word);
        return word;
    }
    void set_tail(void* block, std::uint32_t word) noexcept {
        __builtin_memcpy(static_cast<std::byte*>(block) + usable(block), &word, sizeof word);
    }

    static bool
    filled(const void* block, std::size_t first, std::size_t last, unsigned char fill) noexcept {
        const auto* const bytes = static_cast<const unsigned char*>(block);
        for (std::size_t i = first; i < last; ++i) {
            if (bytes[i] != fill) return false;
        }
        return true;
    }

    [[gnu::always_inline]] void require_block(const void* block) const noexcept {
        if (!heap_.is_block(block)) {
            if constexpr (Heap::has_region) {
                if (heap_.region_kind_of(block) == region_kind::free)
                    heap_misused(misuse::double_free, block);
            }
            heap_misused(misuse::not_a_block, block);
        }
    }

    /// A free block becomes one of `size` bytes. What the region has is not filled while it is free.
    void begin_life(void* block, std::size_t size) noexcept {
        if constexpr (Heap::has_region) {
            if (heap_.in_region(block)) return mark_live(block, size);
        }
        if (tail(block) != free_mark || !filled(block, granule, usable(block), free_fill))
            heap_misused(misuse::write_after_free, block);
        mark_live(block, size);
    }

    void mark_live(void* block, std::size_t size) noexcept {
        const std::size_t room = usable(block);
        if (size < room)
            __builtin_memset(static_cast<std::byte*>(block) + size, slack_fill, room - size);
        set_tail(block, live_mark ^ static_cast<std::uint32_t>(size));
    }

    void mark_free(void* block) noexcept {
        // The first word is the free list's.
        const std::size_t size = usable(block);
        if (size > granule)
            __builtin_memset(static_cast<std::byte*>(block) + granule, free_fill, size - granule);
        set_tail(block, free_mark);
    }

    void check_live(const void* block) const noexcept {
        const std::uint32_t word = tail(block);
        if (word == free_mark) heap_misused(misuse::double_free, block);
        const std::size_t size = word ^ live_mark;
        if (size > usable(block) || !filled(block, size, usable(block), slack_fill))
            heap_misused(misuse::overrun, block);
    }
};

} // namespace drone

// SPDX-License-Identifier: MIT
#pragma once

// A heap that finds misuse of the heap below.

#include <drone/forwarding.hpp>
#include <drone/handlers.hpp>
#include <drone/heap.hpp>
#include <drone/layout.hpp>
#include <drone/region.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

/// How much misuse a heap finds.
///
/// - none: nothing. The heap is the plain one.
/// - cheap: a block that is given back must be a block of this heap. Finds foreign and interior
///   pointers. Costs a few instructions for each deallocation, and no memory.
/// - full: finds also double frees, overruns and writes after free. Costs 4 bytes of each block and
///   a pass over it, so the time of a call is bounded by the size of the block. For debugging.
enum class check_level : std::uint8_t { none, cheap, full };

/// Heap, and a check of every operation. Misuse ends in heap_misused() (handlers.hpp). Contexts:
/// those of Heap.
///
/// At level full every block carries a tail word. The bytes that the program may not touch are
/// filled: each has the low four bits of its address.
///
///     in use:  [ the user's bytes, at first CD | slack: E9 EA EB ... | tail: live mark ^ size ]
///     free:    [ D0 D1 D2 ...                                        | tail: link             ]
///
/// When a block is given back or resized, the check finds a double free, and an overrun from the
/// first byte past the requested size. When a block is taken again, it finds a write after free. No
/// write to the bytes that the program had reaches the link, so the list of free blocks stays
/// whole.
///
/// In an overflow region (region.hpp) tags show exactly where blocks in use begin, at either level.
/// Level full adds the tail word to blocks in use; it does not fill free ones. When a block is given
/// back or resized, either level finds a damaged tag where it begins, and a damaged header of a long
/// block. Level full also finds a damaged tag inside a short block or at its end, as an overrun.
///
/// Limit: at level cheap such a tag is not found, and at neither level a tag inside a long block, or
/// a header that has the distance to the end of another block.
///
/// Limit: a write of the bytes that are already there is not found. No two neighbouring fill bytes
/// are equal.
template <class Heap, check_level Level>
class checked : public forwarding<Heap> {
    static_assert(Level != check_level::none, "an unchecked heap is the heap itself");
    static constexpr bool full = Level == check_level::full;
    static_assert(
        !full || Heap::links == link_place::last_word,
        "full checking keeps the first word of a free block for itself"
    );
    static constexpr std::size_t tail_size = full ? sizeof(std::uint32_t) : 0;
    using forwarding<Heap>::heap_;

public:
    static constexpr std::size_t block_overhead = tail_size;

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

    /// As Heap::may_give_tail_back(), but may be called with anything.
    [[nodiscard]] bool
    may_give_tail_back(const void* block, std::size_t size, std::size_t alignment) const noexcept {
        require_block(block);
        if (size > SIZE_MAX - tail_size) return false;
        return heap_.may_give_tail_back(block, size + tail_size, alignment);
    }

    /// Bytes of a block in use that the program may touch: all of it, at level full what was asked.
    [[nodiscard]] std::size_t block_size(const void* block) const noexcept {
        require_block(block);
        if constexpr (!full) return heap_.block_size(block);
        return check_live(block);
    }

private:
    /// No link to a block of a heap of at most 16 MiB, nor to one in RAM of an Arm core.
    static constexpr std::uint32_t live_mark = 0xEC69'7665;
    /// What bytes are filled with that the program may not touch: the upper half of each, which is
    /// that of no small number, of no text and of no 0xFF.
    enum class fill : std::uint8_t { slack = 0xE0, free = 0xD0 };
    static constexpr unsigned char new_fill = 0xCD; ///< neither of them
    static constexpr std::size_t word_size = sizeof(std::uint32_t);

    [[nodiscard]] std::size_t usable(const void* block) const noexcept {
        return heap_.block_size(block) - tail_size;
    }

    [[nodiscard]] std::uint32_t tail(const void* block) const noexcept {
        std::uint32_t word = 0;
        __builtin_memcpy(&word, static_cast<const std::byte*>(block) + usable(block), sizeof word);
        return word;
    }
    void set_tail(void* block, std::uint32_t word) noexcept {
        __builtin_memcpy(static_cast<std::byte*>(block) + usable(block), &word, sizeof word);
    }

    static unsigned char filler(const unsigned char* address, fill with) noexcept {
        return static_cast<unsigned char>(
            static_cast<unsigned>(with) | (reinterpret_cast<std::uintptr_t>(address) & 0xF)
        );
    }
    /// The fillers of four bytes, the lowest address in the lowest byte.
    static std::uint32_t filler_word(const unsigned char* address, fill with) noexcept {
        return filler(address, with) * 0x0101'0101U + 0x0302'0100U;
    }

    // Blocks and what is usable of them are multiples of a word, so `last` is one: bytes up to the
    // next word, then words.

    static void set_fill(void* block, std::size_t first, std::size_t last, fill with) noexcept {
        auto* const bytes = static_cast<unsigned char*>(block);
        std::size_t i = first;
        for (; i < last && i % word_size != 0; ++i)
            bytes[i] = filler(bytes + i, with);
        for (; i < last; i += word_size) {
            const std::uint32_t word = filler_word(bytes + i, with);
            __builtin_memcpy(__builtin_assume_aligned(bytes + i, word_size), &word, word_size);
        }
    }
    static bool filled(const void* block, std::size_t first, std::size_t last, fill with) noexcept {
        const auto* const bytes = static_cast<const unsigned char*>(block);
        std::size_t i = first;
        for (; i < last && i % word_size != 0; ++i) {
            if (bytes[i] != filler(bytes + i, with)) return false;
        }
        for (; i < last; i += word_size) {
            std::uint32_t word = 0;
            __builtin_memcpy(&word, __builtin_assume_aligned(bytes + i, word_size), word_size);
            if (word != filler_word(bytes + i, with)) return false;
        }
        return true;
    }

    [[gnu::always_inline]] void require_block(const void* block) const noexcept {
        if (!heap_.is_block(block)) {
            if constexpr (Heap::has_region) {
                if (heap_.region_kind_of(block) == region_kind::free)
                    detail::on_heap_misused(misuse::double_free, block);
            }
            detail::on_heap_misused(misuse::not_a_block, block);
        }
    }

    /// A free block becomes one of `size` bytes. What the region has is not filled while it is free.
    void begin_life(void* block, std::size_t size) noexcept {
        if constexpr (Heap::has_region) {
            if (heap_.in_region(block)) return mark_live(block, size);
        }
        if (!filled(block, 0, usable(block), fill::free))
            detail::on_heap_misused(misuse::write_after_free, block);
        __builtin_memset(block, new_fill, size);
        mark_live(block, size);
    }

    void mark_live(void* block, std::size_t size) noexcept {
        set_fill(block, size, usable(block), fill::slack);
        set_tail(block, live_mark ^ static_cast<std::uint32_t>(size));
    }

    /// The tail is the free list's from now on.
    void mark_free(void* block) noexcept { set_fill(block, 0, usable(block), fill::free); }

    /// Returns the size asked for.
    std::size_t check_live(const void* block) const noexcept {
        const std::size_t room = usable(block);
        const std::size_t size = tail(block) ^ live_mark;
        if (size <= room && filled(block, size, room, fill::slack)) return size;
        const bool is_free = size > room && heap_.is_free(block);
        detail::on_heap_misused(is_free ? misuse::double_free : misuse::overrun, block);
    }
};

} // namespace drone

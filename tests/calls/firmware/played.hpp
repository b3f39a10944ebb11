// SPDX-License-Identifier: MIT
#pragma once

// What the player and the test that loads it have in common.

#include <cstdint>

namespace drone::calls {

/// A call of the heap. By way of the C library's names, or of the heap's own, which ask for
/// alignments as their callers wish.
struct played_call {
    enum operation : std::uint32_t {
        c_malloc,
        c_aligned_alloc,
        c_realloc,
        c_free,
        heap_allocate,
        heap_resize,
        heap_deallocate,
    };
    std::uint32_t what = c_malloc;
    std::uint32_t slot = 0; ///< where the block is kept
    std::uint32_t size = 0;
    std::uint32_t alignment = 4; ///< where it is asked for
    std::uint32_t old_size = 0;  ///< heap_resize only
};

inline constexpr std::uint32_t played_slots = 128;
inline constexpr std::uint32_t played_at_once = 1024;
inline constexpr std::uint32_t played_pools = 16;
inline constexpr std::uint32_t played_arena = 64 * 1024;
inline constexpr std::uint32_t played_alignment = 64;

} // namespace drone::calls

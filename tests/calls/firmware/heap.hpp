// SPDX-License-Identifier: MIT
#pragma once

// The heap of this firmware, traced on port 31, and its faces that a compiler would inline: they
// are functions here, so that the emulator sees their calls.

#include <drone/declare.hpp>
#include <drone/layout.hpp>

#include <cortex_m/exception.hpp>
#include <cortex_m/exclusive.hpp>
#include <cortex_m/itm.hpp>
#include <cstddef>
#include <memory_resource>

#if defined(HAS_REGION)
// Pools so small that most requests go to the region. It holds every block that is live at a time,
// and not two of exhaust().
inline constexpr auto pools = drone::make_layout(
    96 * 1024, {{8, 2}, {16, 2}, {32, 2}, {128, 2}}, 32, drone::overflow::region
);
#else
// The 256s alone hold every block that is live at a time and that a pool up to theirs may serve, so
// only requests beyond 256 bytes fail. The interrupts can never take all of the 512s.
inline constexpr auto pools = drone::make_layout(
    40 * 1024, {{8, 8}, {16, 8}, {32, 8}, {64, 8}, {128, 8}, {256, 48}, {512, 24}}, 32
);
#endif

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = drone::cortex_m::single_core;
    using carrier = drone::cortex_m::itm;
    static constexpr drone::heap_settings settings{
        .trace_port = 31,
#if defined(TELLS_WHO)
        .trace_callers = true,
        .trace_context = drone::cortex_m::exception_number::current,
#endif
    };
};
extern drone::declared_heap<heap_options> heap;

/// What the allocator face counts in.
struct twelve_bytes {
    std::uint32_t words[3];
};

extern "C" {
void* heap_allocate(std::size_t size, std::size_t alignment);
void heap_deallocate(void* block);
/// Null: it had to move and could not.
void* heap_resize(void* block, std::size_t old_size, std::size_t new_size);

twelve_bytes* allocator_allocate(std::size_t count);
void allocator_deallocate(twelve_bytes* block, std::size_t count);
}

std::pmr::memory_resource& resource();

// SPDX-License-Identifier: MIT

// Plays calls that the test has put into memory, on a heap whose pools and region the test has put
// there. The heap is the target's; only the searches are loops, because the pools are not known here.

#include "played.hpp"

#include <drone/global.hpp>
#include <drone/heap.hpp>

#include <cortex_m/exclusive.hpp>
#include <cortex_m/startup.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

using drone::calls::played_call;

extern "C" {
drone::pool_layout pools[drone::calls::played_pools];
volatile std::uint32_t pool_count;
drone::region_layout region; ///< without granules there is none
played_call calls[drone::calls::played_at_once];
volatile std::uint32_t call_count;

volatile std::uint32_t failed;
volatile std::uint32_t peaks[drone::calls::played_pools];

/// The test stops here, and loads pools or calls.
[[gnu::noinline]] void loaded() { asm volatile("" ::: "memory"); }
}

namespace {

drone::region_bins bins{0};

struct loaded_region_place {
    static constexpr bool exists = true;
    using index = std::uint16_t;

    static const drone::region_layout& layout() noexcept { return region; }
    static bool is_empty() noexcept { return region.granules == 0; }
    static std::uint32_t bin_of(std::uint32_t granules) noexcept { return bins.of(granules); }
};

struct loaded_pools {
    using region_place = loaded_region_place;
    static constexpr std::size_t limit = drone::calls::played_pools;

    static std::size_t count() noexcept { return pool_count; }
    static const drone::pool_layout& at(std::size_t pool) noexcept { return pools[pool]; }
    static region_place region() noexcept { return {}; }

    template <std::uint32_t Alignment, class Visitor>
    static decltype(auto) for_size(std::size_t size, Visitor&& visit) noexcept {
        std::size_t pool = 0;
        while (pool != count() && (at(pool).block < size || at(pool).alignment < Alignment))
            ++pool;
        if (::region.granules != 0 && pool != count()) {
            const std::uint32_t above = drone::region_saves_up_to(at(pool).block);
            if (above != 0 && size <= above) pool = count();
        }
        return visit(pool);
    }
    template <class Visitor>
    static decltype(auto) for_offset(std::uint32_t offset, Visitor&& visit) noexcept {
        if (::region.holds(offset)) return visit(count());
        std::size_t pool = 0;
        while (pool + 1 < count() && (offset < at(pool).offset || offset >= at(pool).end()))
            ++pool;
        return visit(pool);
    }
};

using arena = drone::embedded_arena<drone::calls::played_arena, drone::calls::played_alignment>;
using loaded_heap = drone::basic_heap<loaded_pools, drone::cortex_m::single_core, arena>;

constinit loaded_heap heap;

void* blocks[drone::calls::played_slots];
std::uint32_t used[drone::calls::played_pools];

void* play(const played_call& call, void* block) {
    switch (call.what) {
    case played_call::c_malloc:
        return std::malloc(call.size);
    case played_call::c_aligned_alloc:
        return aligned_alloc(call.alignment, call.size);
    case played_call::c_realloc:
        return std::realloc(block, call.size);
    case played_call::c_free:
        std::free(block);
        return nullptr;
    case played_call::heap_allocate:
        return heap.allocate(call.size, call.alignment);
    case played_call::heap_resize:
        if (block == nullptr) return heap.allocate(call.size, call.alignment);
        return drone::resize(heap, block, call.old_size, call.size, call.alignment);
    default:
        if (block != nullptr) heap.deallocate(block); // null: it was refused
        return nullptr;
    }
}

void play_and_count(const played_call& call) {
    void*& block = blocks[call.slot];
    const bool gives_back =
        call.what == played_call::c_free || call.what == played_call::heap_deallocate;
    const std::size_t before = block == nullptr ? loaded_pools::limit : heap.pool_of(block);
    void* const after = play(call, block);
    if (after == nullptr && !gives_back) {
        failed = failed + 1;
        return;
    }
    block = after;
    if (before != loaded_pools::limit) --used[before];
    if (block == nullptr) return;
    const std::size_t pool = heap.pool_of(block);
    if (++used[pool] > peaks[pool]) peaks[pool] = used[pool];
}

bool is_sound() {
    if (region.granules != 0) return heap.invariants_hold();
    for (std::size_t pool = 0; pool < loaded_pools::count(); ++pool)
        if (heap.count_free(pool) < 0) return false;
    return true;
}

} // namespace

DRONE_GLOBAL_HEAP(heap)

int main() {
    loaded();
    bins = drone::region_bins(region.granules);
    heap.initialize();
    for (loaded(); call_count != 0; loaded())
        for (std::uint32_t i = 0; i < call_count; ++i)
            play_and_count(calls[i]);
    return is_sound() ? 0 : 1;
}

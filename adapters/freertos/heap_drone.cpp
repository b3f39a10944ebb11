// SPDX-License-Identifier: MIT

// FreeRTOS on Drone's heap: this file instead of heap_4.c, compiled as C++20, with the [heap] of
// Drone.toml. Interrupts may allocate, too. What portable.h declares of the heap is here.

#include <drone/config.hpp>
#include <drone/declare.hpp>
#include <drone/global.hpp>

#include <cortex_m/exclusive.hpp>
#include <cstring>
#include <new>

extern "C" {
#include "FreeRTOS.h"
#include "task.h"
}

namespace {

struct heap_options {
    static constexpr const auto& layout = drone::config::heap_main;
    using core = drone::cortex_m::single_core;
    static constexpr drone::heap_settings settings{.statistics = true};
};

constinit drone::declared_heap<heap_options> heap;

/// Bytes of blocks, their rounding included.
struct counters {
    std::size_t used = 0;
    std::size_t most_used = 0;
    std::size_t taken = 0;
    std::size_t given_back = 0;
};
constinit counters counted;

using alone = heap_options::core::critical_section;
constexpr std::size_t heap_bytes = heap_options::layout.size;

} // namespace

DRONE_HEAP(heap)

extern "C" {

#if configUSE_MALLOC_FAILED_HOOK == 1
void vApplicationMallocFailedHook(); // newer kernels declare it, too
#endif

void* pvPortMalloc(std::size_t size) {
    void* const block = heap.allocate(size, portBYTE_ALIGNMENT);
    if (block == nullptr) {
#if configUSE_MALLOC_FAILED_HOOK == 1
        vApplicationMallocFailedHook();
#endif
        return nullptr;
    }
    const std::size_t bytes = heap.block_size(block);
    const alone masked;
    ++counted.taken;
    counted.used += bytes;
    if (counted.used > counted.most_used) counted.most_used = counted.used;
    return block;
}

void vPortFree(void* block) {
    if (block == nullptr) return;
    {
        const std::size_t bytes = heap.block_size(block);
        const alone masked;
        ++counted.given_back;
        counted.used -= bytes;
    }
    heap.deallocate(block);
}

void* pvPortCalloc(std::size_t count, std::size_t size) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) return nullptr;
    void* const block = pvPortMalloc(bytes);
    if (block != nullptr) std::memset(block, 0, bytes);
    return block;
}

std::size_t xPortGetFreeHeapSize() {
    const alone masked;
    return heap_bytes - counted.used;
}

std::size_t xPortGetMinimumEverFreeHeapSize() {
    const alone masked;
    return heap_bytes - counted.most_used;
}

void xPortResetHeapMinimumEverFreeHeapSize() {
    const alone masked;
    counted.most_used = counted.used;
}

/// The heap is ready before main().
void vPortInitialiseBlocks() {}

/// FreeRTOS 11.1 and later. For a scheduler that starts again without a reset: no block is taken any more.
void vPortHeapResetState() {
    const alone masked;
    new (&heap) decltype(heap)();
    heap.initialize();
    counted = {};
}

#if tskKERNEL_VERSION_MAJOR > 10 || (tskKERNEL_VERSION_MAJOR == 10 && tskKERNEL_VERSION_MINOR >= 3)
/// Free blocks are the pools'. The largest is what a request may ask for.
void vPortGetHeapStats(HeapStats_t* stats) {
    *stats = HeapStats_t{};
    for (std::size_t i = 0; i < heap_options::layout.pool_count; ++i) {
        const std::size_t free = heap_options::layout.pools[i].capacity - heap.statistics(i).used;
        if (free == 0) continue;
        const std::size_t block = heap_options::layout.pools[i].block;
        stats->xNumberOfFreeBlocks += free;
        if (stats->xSizeOfSmallestFreeBlockInBytes == 0)
            stats->xSizeOfSmallestFreeBlockInBytes = block;
        stats->xSizeOfLargestFreeBlockInBytes = block;
    }
    const alone masked;
    stats->xAvailableHeapSpaceInBytes = heap_bytes - counted.used;
    stats->xMinimumEverFreeBytesRemaining = heap_bytes - counted.most_used;
    stats->xNumberOfSuccessfulAllocations = counted.taken;
    stats->xNumberOfSuccessfulFrees = counted.given_back;
}
#endif
}

// SPDX-License-Identifier: MIT
// One firmware's trace replayed against one allocator, chosen by a macro. The bench counts the
// instructions of every call of `bench_allocate` and `bench_deallocate`, or of malloc and free.

#include "trace.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#if defined(BENCH_HEARD) && !defined(BENCH_RTT)
extern "C" volatile std::uint32_t _SEGGER_RTT[]; // of drone_trace.c; words 9 and 10: written, read
#endif

#if defined(BENCH_DRONE)
#include "layout.hpp"

#include <drone/declare.hpp>
#include <drone/global.hpp>

#include <cortex_m/exception.hpp>
#include <cortex_m/exclusive.hpp>
#if defined(BENCH_RING)
#include <drone/ram_ring.hpp>
#elif defined(BENCH_RTT)
#include <drone/rtt_carrier.hpp>
#elif __ARM_ARCH >= 7
#include <cortex_m/itm.hpp>
#endif

struct options {
    static constexpr const auto& layout = drone::config::heap_main;
    using core = drone::cortex_m::single_core;
#if defined(BENCH_RING)
    using carrier = drone::ram_ring<BENCH_RING>;
#elif defined(BENCH_RTT)
    using carrier = drone::rtt_carrier<core>;
#elif __ARM_ARCH >= 7
    using carrier = drone::cortex_m::itm;
#endif
    static constexpr drone::heap_settings settings{
#if defined(BENCH_TRACED) || defined(BENCH_RING) || defined(BENCH_RTT)
        .trace_port = 31,
#endif
#if defined(BENCH_DROP)
        .when_full = drone::trace_flow::drop,
#endif
#if defined(BENCH_CALLERS)
        .trace_callers = true,
#endif
#if defined(BENCH_CONTEXTS)
        .trace_context = drone::cortex_m::exception_number::current,
#endif
#if defined(BENCH_CHECKING)
        .checking = drone::check_level::BENCH_CHECKING,
#endif
    };
};
#if defined(BENCH_SEARCH)
constinit drone::basic_heap<
    drone::static_pools<options::layout, drone::pool_search::BENCH_SEARCH>,
    options::core,
    drone::embedded_arena<options::layout.size, options::layout.alignment>>
    heap;
#else
constinit drone::declared_heap<options> heap;
#endif

#if defined(BENCH_NEW) || defined(BENCH_MALLOC)
DRONE_GLOBAL_HEAP(heap)
void start() {}
#else
void start() { heap.initialize(); }
#endif

extern "C" {
// A branch to the face, as to the rivals' malloc and free.
#if defined(BENCH_NEW)
[[gnu::noinline]] void* bench_allocate(std::size_t size) { return ::operator new(size); }
[[gnu::noinline]] void bench_deallocate(void* block) { ::operator delete(block); }
#elif defined(BENCH_MALLOC)
[[gnu::noinline]] void* bench_allocate(std::size_t size) { return malloc(size); }
[[gnu::noinline]] void bench_deallocate(void* block) { free(block); }
#else
[[gnu::noinline]] void* bench_allocate(std::size_t size) { return heap.allocate(size); }
[[gnu::noinline]] void bench_deallocate(void* block) { heap.deallocate(block); }
#endif
}
#else

namespace {
alignas(8) char arena[120 * 1024];
std::size_t used = 0;
void start() {}
} // namespace

extern "C" {

/// Bytes that the allocator has asked for: its footprint.
volatile std::uint32_t bench_footprint;

void* _sbrk(std::ptrdiff_t increment) {
    if (used + static_cast<std::size_t>(increment) > sizeof arena)
        return reinterpret_cast<void*>(-1);
    void* const start_of_new = arena + used;
    used += static_cast<std::size_t>(increment);
    if (used > bench_footprint) bench_footprint = used;
    return start_of_new;
}
void* sbrk(std::ptrdiff_t increment) { return _sbrk(increment); }

[[gnu::noinline]] void* bench_allocate(std::size_t size) { return malloc(size); }
[[gnu::noinline]] void bench_deallocate(void* block) { free(block); }
}
#endif

namespace {
void* blocks[bench::block_count];
}

namespace {

int replay() {
    start();
#if defined(BENCH_EXHAUSTED)
    // Every pool exhausted but the last; then what the smallest request has to walk.
    constexpr std::size_t last = options::layout.pool_count - 1;
    for (std::size_t i = 0; i < last; ++i) {
        for (std::uint32_t taken = 0; taken < options::layout.pools[i].capacity; ++taken) {
            if (heap.allocate(options::layout.pools[i].block) == nullptr) return 1;
        }
    }
    return bench_allocate(1) == nullptr ? 1 : 0;
#elif defined(BENCH_SEARCH)
    // Each pool once, then each block back.
    void* taken[options::layout.pool_count];
    for (std::size_t i = 0; i < options::layout.pool_count; ++i) {
        taken[i] = bench_allocate(options::layout.pools[i].block);
        if (taken[i] == nullptr) return 1;
    }
    for (void* const block : taken)
        bench_deallocate(block);
    return 0;
#else
    for (const bench::step& step : bench::steps) {
#if defined(BENCH_HEARD) // the probe reads all
#if defined(BENCH_RTT)
        drone::detail::rtt_own.block.up.read = drone::detail::rtt_own.block.up.written;
#else
        _SEGGER_RTT[10] = _SEGGER_RTT[9];
#endif
#endif
        void*& block = blocks[step.block];
        if (step.size == 0) {
            bench_deallocate(block);
        } else {
            block = bench_allocate(step.size);
            if (block == nullptr) return 1;
        }
    }
    return 0;
#endif
}

} // namespace

extern "C" {
/// 0: every request was served.
volatile std::uint32_t bench_status = 0xFFFF'FFFF;
}

int main() {
    bench_status = static_cast<std::uint32_t>(replay());
    return 0;
}

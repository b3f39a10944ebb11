// SPDX-License-Identifier: MIT
// 64 threads on one heap; every block's content says whose it is. Also run under ThreadSanitizer.
#include <drone/heap.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <host/exclusive.hpp>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace {

constexpr auto shared_pools =
    drone::make_layout(16384, {{4, 16}, {16, 40}, {48, 40}, {96, 20}, {256, 10}});
using shared_heap = drone::heap<shared_pools, drone::host::threads>;

// Most of what is asked for ends in the region.
constexpr auto pools_and_region =
    drone::make_layout(32768, {{16, 40}, {48, 40}}, 8, drone::overflow::region);
using region_heap = drone::heap<pools_and_region, drone::host::threads>;

/// Threads of which some may not use the region, as interrupts above a ceiling.
struct ceiling_core : drone::host::threads {
    static inline thread_local bool urgent = false;

    struct region_guard {
        static constexpr bool defers = true;
        static bool admitted() noexcept { return !urgent; }
        [[no_unique_address]] drone::host::process_lock alone;
    };
};
using ceiling_heap = drone::heap<pools_and_region, ceiling_core>;

struct held {
    unsigned char* block;
    std::size_t size;
};

/// One thread's life: takes, fills, checks and gives back at random. Returns how many blocks were
/// damaged.
template <class Heap>
std::size_t work(Heap& heap, unsigned char name, unsigned steps) {
    std::mt19937 random(name);
    std::vector<held> mine;
    std::size_t damaged = 0;
    const auto check = [&](const held& h) {
        if (!std::all_of(h.block, h.block + h.size, [&](unsigned char byte) {
                return byte == name;
            }))
            ++damaged;
    };
    for (unsigned i = 0; i < steps; ++i) {
        if (random() % 2 == 0 || mine.empty()) {
            const std::size_t size = 1 + random() % 256;
            auto* const block = static_cast<unsigned char*>(heap.allocate(size));
            if (block == nullptr) continue;
            std::memset(block, name, size);
            mine.push_back({block, size});
        } else {
            std::swap(mine[random() % mine.size()], mine.back());
            check(mine.back());
            heap.deallocate(mine.back().block);
            mine.pop_back();
        }
    }
    for (const held& h : mine) {
        check(h);
        heap.deallocate(h.block);
    }
    return damaged;
}

TEST(Stress, SixtyFourThreadsKeepTheirBlocksApart) {
    const auto heap = std::make_unique<shared_heap>();
    heap->initialize();
    std::atomic<std::size_t> damaged = 0;
    std::vector<std::jthread> threads;
    for (unsigned char name = 1; name <= 64; ++name)
        threads.emplace_back([&, name] { damaged += work(*heap, name, 20'000); });
    threads.clear();
    EXPECT_EQ(damaged, 0U);
    EXPECT_TRUE(heap->invariants_hold());
    for (std::size_t i = 0; i < shared_pools.pool_count; ++i)
        EXPECT_EQ(heap->count_free(i), shared_pools.pools[i].capacity);
}

TEST(Stress, SoTheyDoInTheRegion) {
    const auto heap = std::make_unique<region_heap>();
    heap->initialize();
    const std::size_t most = heap->largest_request();
    std::atomic<std::size_t> damaged = 0;
    std::vector<std::jthread> threads;
    for (unsigned char name = 1; name <= 16; ++name)
        threads.emplace_back([&, name] { damaged += work(*heap, name, 10'000); });
    threads.clear();
    EXPECT_EQ(damaged, 0U);
    EXPECT_TRUE(heap->invariants_hold());
    EXPECT_EQ(heap->largest_request(), most);
}

TEST(Stress, UrgentThreadsGiveBackWhatOthersTook) {
    const auto heap = std::make_unique<ceiling_heap>();
    heap->initialize();
    const std::size_t most = heap->largest_request();
    std::atomic<std::size_t> damaged = 0;
    std::atomic<unsigned char*> handed_over[8] = {};
    std::vector<std::jthread> threads;
    for (unsigned char name = 1; name <= 8; ++name) {
        threads.emplace_back([&, name] { damaged += work(*heap, name, 10'000); });
        threads.emplace_back([&, name] { // takes from the region and hands over
            for (unsigned i = 0; i < 5'000; ++i) {
                auto* const block = static_cast<unsigned char*>(heap->allocate(100 + i % 400));
                if (block == nullptr) continue;
                *block = name;
                if (unsigned char* const left = handed_over[name - 1].exchange(block))
                    heap->deallocate(left);
            }
        });
        threads.emplace_back([&, name] {
            ceiling_core::urgent = true;
            for (unsigned i = 0; i < 5'000; ++i) {
                if (unsigned char* const block = handed_over[name - 1].exchange(nullptr)) {
                    if (*block != name) ++damaged;
                    heap->deallocate(block);
                }
            }
            damaged += work(*heap, static_cast<unsigned char>(name + 8), 10'000);
        });
    }
    threads.clear();
    for (auto& block : handed_over) {
        if (block != nullptr) heap->deallocate(block);
    }
    EXPECT_EQ(damaged, 0U);
    // A request that would fail moves all that waits.
    heap->deallocate(heap->allocate(most));
    EXPECT_TRUE(heap->invariants_hold());
    EXPECT_EQ(heap->largest_request(), most);
}

} // namespace

// SPDX-License-Identifier: MIT
// The model of the heap places every block where drone::basic_heap does.

#include "layout/classes.hpp"
#include "layout/heap_model.hpp"
#include "layout/orders.hpp"
#include "layout/runtime_heap.hpp"
#include "random_blocks.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace drone::layout {
namespace {

/// Some pools of ascending blocks, for blocks up to a size.
std::vector<pool_spec> random_pools(std::mt19937& random, std::uint32_t largest) {
    std::vector<pool_spec> pools;
    const auto below = [&](std::uint32_t limit) {
        return static_cast<std::uint32_t>(random() % limit);
    };
    std::uint32_t block = 0;
    for (std::uint32_t left = below(5); left != 0; --left) {
        block += 4 * (1 + below(largest / 8));
        pools.push_back({.block = block, .capacity = 1 + below(6)});
    }
    return pools;
}

struct played {
    std::uint64_t served = 0;
    std::uint64_t refused = 0;
    std::uint64_t resized = 0;
};

/// Plays the run on both, and holds every block of the one against that of the other.
void play_both(const usage::demand& run, const tried_heap& heap, played& done) {
    heap_model model(heap, 0);
    runtime_heap real(heap.pools, heap.alignment, heap.region_bytes);
    const ordered_run ordered(run);
    trace::by_block<heap_model::block> modelled(ordered.block_limit());
    trace::by_block<void*> blocks(ordered.block_limit());
    for (const block_event& event : ordered.events()) {
        void*& block = blocks[event.block];
        heap_model::block& twin = modelled[event.block];
        if (event.to == block_event::none) {
            if (block != nullptr) {
                real->deallocate(block);
                model.deallocate(twin);
            }
            block = nullptr;
            twin = {};
            continue;
        }
        const usage::request_class& to = run.classes[event.to];
        void* const old = block;
        const heap_model::block old_twin = twin;
        if (old == nullptr) {
            block = real->allocate(to.size, to.alignment);
            twin = model.allocate(model.request_of(to));
        } else {
            const std::uint32_t size = run.classes[event.from].size;
            block = real->place_resized(block, size, to.size, to.alignment);
            twin = model.place_resized(twin, model.request_of(to));
            ++done.resized;
        }
        ASSERT_EQ(twin.exists(), block != nullptr);
        if (block == nullptr) { // the block stays as it is
            ++done.refused;
            block = old;
            twin = old_twin;
            continue;
        }
        ++done.served;
        ASSERT_EQ(model.offset_of(twin), real->offset_of(block));
        ASSERT_EQ(twin.pool, real.pool_of(block));
        if (old == nullptr || old == block) continue;
        real->deallocate(old);
        model.deallocate(old_twin);
    }
    ASSERT_TRUE(real->invariants_hold());
}

TEST(HeapModel, PlacesEveryBlockWhereTheHeapDoes) {
    played done;
    for (unsigned seed = 0; seed < 600; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::uint32_t largest = seed % 3 == 0 ? 1000 : 100;
        const std::uint32_t alignment = 8U << random() % 5;
        const usage::demand run = layout_test::random_blocks(
            random, {.largest = largest, .alignment = alignment, .live = 25, .steps = 1500}
        );
        const std::vector<pool_spec> pools = random_pools(random, largest);
        const auto region = static_cast<std::uint32_t>(largest * (10 + random() % 40));
        ASSERT_NO_FATAL_FAILURE(
            play_both(run, {.pools = pools, .alignment = alignment, .region_bytes = region}, done)
        );
    }
    EXPECT_GT(done.served, 100'000U);
    EXPECT_GT(done.refused, 10'000U);
    EXPECT_GT(done.resized, 10'000U);
}

TEST(HeapModel, GrowsAtItsEnd) {
    const tried_heap heap{.pools = {}, .alignment = 8, .region_bytes = 1024};
    heap_model model(heap, 4096);
    const std::uint32_t granules = model.place().granules;
    const auto half = model.request_of({.size = 600, .alignment = 8});
    const heap_model::block first = model.allocate(half);
    ASSERT_TRUE(first.exists());
    EXPECT_FALSE(model.allocate(half).exists());
    ASSERT_TRUE(model.grow_region(76));
    EXPECT_EQ(model.place().granules, granules + 76);
    const heap_model::block second = model.allocate(half);
    ASSERT_TRUE(second.exists());
    EXPECT_EQ(model.offset_of(second), model.offset_of(first) + 608);
    model.deallocate(first);
    model.deallocate(second);
    // All of it is one block again.
    EXPECT_TRUE(model.allocate(model.request_of({.size = 1500, .alignment = 8})).exists());
    ASSERT_TRUE(model.grow_region(100'000));
    EXPECT_FALSE(model.grow_region(1));
}

} // namespace
} // namespace drone::layout

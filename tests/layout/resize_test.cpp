// SPDX-License-Identifier: MIT
// Runs with resizes: what the optimum counts is what the target's heap does.

#include "layout/plan.hpp"
#include "layout/replay.hpp"
#include "runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::layout {
namespace {

using layout_test::numbers;
using layout_test::run_of;
using usage::step;

/// A run of one block.
usage::demand run_of_one(
    usage::by_class<usage::request_class> classes,
    std::initializer_list<int> steps,
    std::vector<std::uint64_t> resizes
) {
    usage::demand run = run_of(std::move(classes), steps);
    run.blocks.resize(run.steps.size());
    run.resizes = std::move(resizes);
    return run;
}

replay_report replayed(const usage::demand& run, const std::vector<pool_spec>& pools) {
    const auto report = replay(std::span(&run, 1), {.pools = pools});
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return report.value_or(replay_report{});
}

TEST(Resize, MovesAGrownBlockUpAndAShrunkOneDown) {
    const usage::demand run = run_of_one({{4}, {8}, {32}}, {1, -1, 3, -3, 2, -2}, {1, 3});
    const replay_report report = replayed(run, {{4, 1}, {8, 1}, {32, 1}});
    EXPECT_TRUE(report.holds());
    for (const pool_usage& pool : report.pools)
        EXPECT_EQ(pool.taken, 1U);
    EXPECT_EQ(report.peak_blocks, 1U);
    EXPECT_EQ(report.peak_bytes, 32U);
}

TEST(Resize, KeepsABlockInItsPlaceWhereNoSmallerPoolTakesIt) {
    const usage::demand run = run_of_one({{4}, {20}, {32}}, {3, -3, 1, -1, 2, -2}, {1, 3});
    const replay_report report = replayed(run, {{32, 1}});
    EXPECT_TRUE(report.holds());
    EXPECT_EQ(report.pools[0].taken, 1U);
    EXPECT_EQ(report.pools[0].peak_waste, 28U);
}

TEST(Resize, MovesABlockThatHadFallenOverBackWhenItsPoolHasRoomAgain) {
    usage::demand run = run_of({{4}, {3}}, {1, 1, -1, -1, 2});
    run.blocks = numbers({0, 1, 0, 1, 1});
    run.resizes = {3};
    const replay_report report = replayed(run, {{4, 1}, {8, 1}});
    EXPECT_EQ(report.pools[0].taken, 2U);
    EXPECT_EQ(report.pools[1].taken, 1U);
}

/// Runs whose blocks are taken, resized and given back at random.
usage::demand resizing_run(std::mt19937& random) {
    usage::demand made;
    for (std::uint32_t size = 4; size <= 40; size += 4)
        made.classes.push_back({.size = size});
    std::vector<usage::class_number> class_of; // by block number
    std::vector<std::uint32_t> live;
    std::vector<std::uint32_t> free_numbers;
    for (int number = 0; number < 80; ++number) {
        const auto asked = usage::class_number(random() % made.classes.size());
        const std::uint32_t what = random() % 4;
        if (live.empty() || what < 2) {
            if (free_numbers.empty()) {
                free_numbers.push_back(static_cast<std::uint32_t>(class_of.size()));
                class_of.emplace_back();
            }
            const std::uint32_t block = free_numbers.back();
            free_numbers.pop_back();
            live.push_back(block);
            class_of[block] = asked;
            made.steps.push_back(step::take(asked));
            made.blocks.push_back(trace::block_number{block});
            continue;
        }
        const std::size_t pick = random() % live.size();
        const std::uint32_t block = live[pick];
        made.steps.push_back(step::give_back(class_of[block]));
        made.blocks.push_back(trace::block_number{block});
        if (what == 2) {
            live.erase(live.begin() + static_cast<std::ptrdiff_t>(pick));
            free_numbers.push_back(block);
            continue;
        }
        made.resizes.push_back(made.steps.size() - 1);
        made.steps.push_back(step::take(asked));
        made.blocks.push_back(trace::block_number{block});
        class_of[block] = asked;
    }
    return made;
}

TEST(Resize, DoesOnTheTargetsHeapWhatTheOptimumCounts) {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::vector runs = {resizing_run(random)};
        auto planned = planner::of(runs, {.most_pools = 4});
        ASSERT_TRUE(planned.has_value());
        const auto made = planned->make({.pools = 1 + random() % 4, .rule = headroom::none});
        ASSERT_TRUE(made.has_value());
        ASSERT_TRUE(made->replay.holds());
        for (std::size_t pool = 0; pool < made->pools.size(); ++pool)
            ASSERT_EQ(made->replay.pools[pool].peak, made->loads[pool]);
    }
}

/// A resize as it is documented (docs/design.md): the block is given back and taken anew, where
/// nothing else can come in between.
TEST(Resize, EndsWhereTheBlockGivenBackAndTakenAnewWould) {
    for (unsigned seed = 0; seed < 5000; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        usage::demand resized = resizing_run(random);
        usage::demand anew = resized;
        anew.resizes.clear();
        std::vector<pool_spec> pools;
        for (std::uint32_t block = 4; block < 40; block += 4)
            if (random() % 3 == 0)
                pools.push_back({block, 1 + static_cast<std::uint32_t>(random() % 4)});
        pools.push_back({40, 80});
        const replay_report one = replayed(resized, pools);
        const replay_report other = replayed(anew, pools);
        ASSERT_TRUE(one.holds());
        ASSERT_EQ(one.peak_waste, other.peak_waste);
        for (std::size_t pool = 0; pool < pools.size(); ++pool)
            ASSERT_EQ(one.pools[pool].peak, other.pools[pool].peak);
    }
}

} // namespace
} // namespace drone::layout

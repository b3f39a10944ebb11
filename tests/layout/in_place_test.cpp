// SPDX-License-Identifier: MIT
#include "layout/in_place.hpp"
#include "layout/plan.hpp"
#include "runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::layout {
namespace {

using layout_test::run_of;
using testing::ElementsAre;
using usage::step;

TEST(InPlace, LeavesARunWithoutResizesAlone) {
    EXPECT_FALSE(with_blocks_in_place(run_of({{4}}, {1, -1})).has_value());
}

TEST(InPlace, ChargesAShrunkBlockAsWhatItWas) {
    usage::demand run = run_of({{8}, {32}}, {2, -2, 1, -1});
    run.blocks = {0, 0, 0, 0};
    run.resizes = {1};
    const auto seen = with_blocks_in_place(run);
    ASSERT_TRUE(seen.has_value());
    EXPECT_THAT(seen->steps, ElementsAre(step::take(1), step::give_back(1)));
}

TEST(InPlace, GrowsFromTheLargestThatTheBlockEverWas) {
    // 32 -> 8 -> 16 stays in its block; -> 64 does not.
    usage::demand run = run_of({{8}, {16}, {32}, {64}}, {3, -3, 1, -1, 2, -2, 4, -4});
    run.blocks = {0, 0, 0, 0, 0, 0, 0, 0};
    run.resizes = {1, 3, 5};
    const auto seen = with_blocks_in_place(run);
    ASSERT_TRUE(seen.has_value());
    EXPECT_THAT(
        seen->steps,
        ElementsAre(step::take(2), step::give_back(2), step::take(3), step::give_back(3))
    );
}

TEST(InPlace, KeepsBlocksApartByTheirNumbers) {
    // Two of 8 bytes, of which the first was once 32: it is the one given back.
    usage::demand run = run_of({{8}, {32}}, {2, -2, 1, 1, -1});
    run.blocks = {0, 0, 0, 1, 0};
    run.resizes = {1};
    const auto seen = with_blocks_in_place(run);
    ASSERT_TRUE(seen.has_value());
    EXPECT_THAT(seen->steps, ElementsAre(step::take(1), step::take(0), step::give_back(1)));
}

TEST(InPlace, TakesTheLastOfItsClassWithoutNumbers) {
    usage::demand run = run_of({{8}, {32}}, {2, -2, 1, 1, -1, -1});
    run.resizes = {1};
    const auto seen = with_blocks_in_place(run);
    ASSERT_TRUE(seen.has_value());
    EXPECT_THAT(
        seen->steps,
        ElementsAre(step::take(1), step::take(0), step::give_back(0), step::give_back(1))
    );
}

/// Runs whose blocks are taken, resized in place by the traced heap, and given back at random.
usage::demand resizing_run(std::mt19937& random) {
    usage::demand made;
    for (std::uint32_t size = 4; size <= 40; size += 4)
        made.classes.push_back({.size = size});
    std::vector<std::size_t> class_of; // by block number
    std::vector<std::uint32_t> live;
    std::vector<std::uint32_t> free_numbers;
    for (int number = 0; number < 80; ++number) {
        const std::size_t index = random() % made.classes.size();
        const std::uint32_t what = random() % 4;
        if (live.empty() || what < 2) {
            if (free_numbers.empty()) {
                free_numbers.push_back(static_cast<std::uint32_t>(class_of.size()));
                class_of.push_back(0);
            }
            const std::uint32_t block = free_numbers.back();
            free_numbers.pop_back();
            live.push_back(block);
            class_of[block] = index;
            made.steps.push_back(step::take(index));
            made.blocks.push_back(block);
            continue;
        }
        const std::size_t pick = random() % live.size();
        const std::uint32_t block = live[pick];
        made.steps.push_back(step::give_back(class_of[block]));
        made.blocks.push_back(block);
        if (what == 2) {
            live.erase(live.begin() + static_cast<std::ptrdiff_t>(pick));
            free_numbers.push_back(block);
            continue;
        }
        made.resizes.push_back(made.steps.size() - 1);
        made.steps.push_back(step::take(index));
        made.blocks.push_back(block);
        class_of[block] = index;
    }
    return made;
}

TEST(InPlace, PredictsWhatTheTargetsHeapDoes) {
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

} // namespace
} // namespace drone::layout

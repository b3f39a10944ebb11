// SPDX-License-Identifier: MIT
#include "layout/plan.hpp"
#include "runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::layout {
namespace {

using layout_test::run_of;
using layout_test::run_through;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The trace of the seeds' table: most live and allocations 1:1/1, 12:3/7, 28:1/2, 32:1/1,
/// 128:1/2.
usage::demand seeds_run() {
    return run_of(
        {{1}, {12}, {28}, {32}, {128}},
        {1, 2, 2, 2, -2, -2, 2, 2, -2, 2, -2, 2, 3, -3, 3, 4, 5, -5, 5}
    );
}

planner planner_of(
    std::span<const usage::demand> runs, std::size_t pools, std::vector<std::uint32_t> keep = {}
) {
    auto made = planner::of(runs, {.most_pools = pools, .keep = std::move(keep)});
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return *std::move(made);
}

plan plan_of(std::span<const usage::demand> runs, const plan_request& wanted) {
    planner made = planner_of(runs, wanted.pools);
    auto done = made.make(wanted);
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return done.value_or(plan{});
}

/// Takes a block of the class at that step for a moment.
void deny(usage::demand& run, std::size_t at, std::size_t index, bool at_least = false) {
    const auto asked = usage::class_number(index);
    run.failures.push_back({.at = at, .at_least = at_least});
    const auto place = run.steps.begin() + static_cast<std::ptrdiff_t>(at);
    run.steps.insert(place, {usage::step::take(asked), usage::step::give_back(asked)});
}

TEST(Plan, HasABlockMoreWhereARequestFailed) {
    usage::demand run = run_of({{8}, {64}}, {1, 1, -1, -1});
    deny(run, 2, 0);
    deny(run, 5, 0);
    deny(run, 8, 1);
    const std::vector runs = {run};
    EXPECT_THAT(plan_of(runs, {.pools = 2}).pools, ElementsAre(pool_spec{8, 3}, pool_spec{64, 1}));
}

TEST(Plan, RaisesTheAlignmentForWhatFailed) {
    usage::demand run = run_of({{8}, {20, 64}}, {1, -1});
    deny(run, 1, 1);
    const std::vector runs = {run};
    const plan made = plan_of(runs, {.pools = 2});
    EXPECT_EQ(made.alignment, 64U);
    EXPECT_THAT(made.pools, ElementsAre(pool_spec{8, 1}, pool_spec{64, 1}));
}

TEST(Plan, LeavesOutWhatNoLayoutServes) {
    usage::demand run = run_of({{8}, {900}, {5000}, {UINT32_MAX}, {1, 8192}}, {1, -1});
    deny(run, 1, 1);
    deny(run, 1, 2);
    deny(run, 1, 3);
    deny(run, 1, 4);
    deny(run, 1, 0, true);
    for (std::size_t number = 0; number < run.failures.size(); ++number)
        run.failures[number].at = 1 + 2 * number;
    std::swap(run.failures.front().at_least, run.failures.back().at_least);
    const std::vector runs = {run};
    auto of_1000 = planner::of(runs, {.most_pools = 2, .size = 1000});
    ASSERT_TRUE(of_1000.has_value()) << of_1000.error().message;
    EXPECT_EQ(of_1000->hopeless(), 4U);
    const auto made = of_1000->make({.pools = 2, .size = 1000, .rule = headroom::none});
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_THAT(made->pools, ElementsAre(pool_spec{8, 1}, pool_spec{900, 1}));
    EXPECT_TRUE(made->replay.holds());
    const auto of_any = planner::of(runs, {.most_pools = 2});
    ASSERT_TRUE(of_any.has_value());
    EXPECT_EQ(of_any->hopeless(), 3U);
}

TEST(Plan, GivesTheSeedsExampleDigitForDigit) {
    const std::vector runs = {seeds_run()};
    const plan made = plan_of(runs, {.pools = 5, .size = 10240});
    EXPECT_THAT(
        made.pools,
        ElementsAre(
            pool_spec{4, 201},
            pool_spec{12, 222},
            pool_spec{28, 115},
            pool_spec{32, 83},
            pool_spec{128, 7}
        )
    );
    EXPECT_EQ(made.used, 228);
    EXPECT_EQ(made.lower_bound, 228);
    EXPECT_EQ(made.size, 10240);
    EXPECT_EQ(made.fragmentation(), 0);
    EXPECT_TRUE(made.optimal);
    EXPECT_TRUE(made.replay.holds());
    EXPECT_EQ(made.room.factor, 7.0);
    EXPECT_EQ(made.room.first_full, 4);
}

TEST(Plan, WithoutASizeIsWhatTheTraceNeeds) {
    const std::vector runs = {seeds_run()};
    const plan made = plan_of(runs, {.pools = 5});
    EXPECT_EQ(made.size, 228U);
    EXPECT_EQ(made.room.factor, 1.0);
}

TEST(Plan, OfATraceThatDoesNotFitSaysBySoMuchAndWhatWould) { // the ancestor wraps around
    const std::vector runs = {seeds_run()};
    auto made = planner_of(runs, 3).make({.pools = 3, .size = 200});
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(
        made.error().message, HasSubstr("240 bytes in 3 pools, 40 more than the heap of 200")
    );
    EXPECT_THAT(made.error().message, HasSubstr("12 x 4, 32 x 2, 128 x 1"));
    EXPECT_THAT(made.error().message, HasSubstr("5 pools would need 228"));
}

TEST(Plan, OfExactlyWhatFitsIsMade) {
    const std::vector runs = {seeds_run()};
    EXPECT_EQ(plan_of(runs, {.pools = 3, .size = 240}).used, 240);
}

TEST(Plan, NeedsAPool) { // the ancestor panics
    const std::vector runs = {seeds_run()};
    EXPECT_FALSE(planner::of(runs, {.most_pools = 0}).has_value());
    EXPECT_FALSE(planner::of(runs, {.most_pools = 256}).has_value());
}

TEST(Plan, RefusesBlocksToKeepThatAreNone) {
    const std::vector runs = {seeds_run()};
    EXPECT_FALSE(planner::of(runs, {.most_pools = 2, .keep = {6}}).has_value());
    EXPECT_FALSE(planner::of(runs, {.most_pools = 2, .keep = {0}}).has_value());
    EXPECT_FALSE(planner::of(runs, {.most_pools = 2, .keep = {4, 8, 12}}).has_value());
}

TEST(Plan, OfNoEventsSaysSo) {
    const std::vector<usage::demand> runs(2);
    planner made = planner_of(runs, 2);
    EXPECT_TRUE(made.empty());
    EXPECT_FALSE(made.make({.pools = 2, .size = 1000}).has_value());
    EXPECT_THAT(made.curve(1, 2), IsEmpty());
    EXPECT_THAT(planner_of({}, 1).curve(1, 1), IsEmpty());
}

TEST(Plan, AsksTheHeapForTheAlignmentThatTheTraceAsks) {
    const std::vector runs = {run_of({{20, 64}, {4}}, {1, 2})};
    const plan made = plan_of(runs, {.pools = 2, .size = 1024});
    EXPECT_EQ(made.alignment, 64U);
    EXPECT_EQ(made.pools.back().block, 64U);
    EXPECT_TRUE(made.replay.holds());
}

TEST(Plan, RefusesAnAlignmentThatNoHeapOffers) {
    const std::vector runs = {run_of({{20, 8192}}, {1})};
    const auto made = planner::of(runs, {.most_pools = 1});
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.error().message, HasSubstr("alignment 8192"));
}

TEST(Plan, OfSeveralRunsHoldsEach) {
    const std::vector runs = {
        run_of({{4}}, {1, 1, 1, 1, 1, 1}),
        run_of({{4}, {8}}, {1, 2, 2}),
    };
    const plan made = plan_of(runs, {.pools = 2});
    EXPECT_THAT(made.pools, ElementsAre(pool_spec{4, 6}, pool_spec{8, 2}));
    EXPECT_EQ(made.replay.events, 9U);
}

TEST(Plan, ReservesForWhatFellIntoGaps) {
    // 10 steps seen, 2 lost: a fifth more, a block at least.
    usage::demand run = run_through({{4}, {8}}, {{9, 1}});
    run.missing = {.gaps = 2, .lost_events = 1}; // at least one in each gap
    const std::vector runs = {run};
    const plan made = plan_of(runs, {.pools = 2});
    EXPECT_THAT(made.pools, ElementsAre(pool_spec{4, 11}, pool_spec{8, 2}));
    EXPECT_EQ(made.used, 44);
    EXPECT_EQ(made.size, 60U);
    EXPECT_TRUE(made.has_reserve);
    EXPECT_EQ(planner_of(runs, 1).doubt().lost_events, 1U);
    EXPECT_FALSE(plan_of(runs, {.pools = 2, .size = 50}).has_reserve); // no room for all of it
}

TEST(Plan, IsReplayedWithThePeaksItPredicts) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::vector runs = {
            layout_test::random_run(
                random, {.classes = 8, .largest = 70, .alignments = {4, 8, 32}, .steps = 100}
            ),
        };
        const plan made = plan_of(runs, {.pools = 1 + random() % 5, .rule = headroom::none});
        ASSERT_TRUE(made.replay.holds());
        ASSERT_LE(made.lower_bound, made.used);
        for (std::size_t pool = 0; pool < made.pools.size(); ++pool)
            ASSERT_EQ(made.replay.pools[pool].peak, made.loads[pool]);
    }
}

TEST(Plan, SqueezesBelowWhatHoldsWithoutFallOver) {
    // Three of 4 early and three of 8 late with one pool each: 36. While no 8 is live, 4s may lie
    // in its blocks: 8 x 3 and one 4 for the block that stays: 28.
    const std::vector runs = {run_through({{4}, {8}}, {{3, 0}, {1, 0}, {1, 3}})};
    const plan made = plan_of(runs, {.pools = 2, .rule = headroom::none, .squeeze = true});
    EXPECT_EQ(made.without_squeeze, 32);
    EXPECT_LT(made.used, 32);
    EXPECT_TRUE(made.replay.holds());
    EXPECT_GE(made.used, made.lower_bound);
}

TEST(Plan, SqueezedNeverTakesMoreWithMorePools) {
    for (unsigned seed = 0; seed < 150; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::vector runs = {
            layout_test::random_run(random, {.classes = 7, .largest = 70, .steps = 120}),
        };
        std::int64_t before = INT64_MAX;
        for (std::size_t pools = 1; pools <= 6; ++pools) {
            const plan made =
                plan_of(runs, {.pools = pools, .rule = headroom::none, .squeeze = true});
            ASSERT_LE(made.used, before) << pools << " pools";
            ASSERT_TRUE(made.replay.holds());
            before = made.used;
        }
    }
}

TEST(Curve, FallsAndMarksItsKnee) {
    const std::vector runs = {seeds_run()};
    planner made = planner_of(runs, 6);
    const auto curve = made.curve(1, 6);
    ASSERT_EQ(curve.size(), 6U);
    // By hand: all in 128; 32 + 128; 12 + 32 + 128; 4 + 12 + 32 + 128; each its own.
    const std::vector<std::int64_t> expected = {896, 320, 240, 232, 228, 228};
    for (std::size_t at = 0; at < curve.size(); ++at)
        EXPECT_EQ(curve[at].used, expected[at]);
    EXPECT_EQ(cheapest_of(curve, 8), 3U); // the fourth pool saves its 8 bytes and no more
    EXPECT_EQ(cheapest_of(curve, 0), 5U);
    EXPECT_EQ(cheapest_of(curve, 1000), 1U);
}

TEST(Curve, OfOnePointHasItsKneeThere) {
    const std::vector<curve_point> curve = {{.pools = 7, .used = 100}};
    EXPECT_EQ(cheapest_of(curve, 8), 7U);
}

} // namespace
} // namespace drone::layout

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

/// The trace behind the seeds' table: most live and allocations 1:1/1, 12:3/7, 28:1/2, 32:1/1,
/// 128:1/2.
trace::demand seeds_run() {
    return run_of(
        {{1}, {12}, {28}, {32}, {128}},
        {1, 2, 2, 2, -2, -2, 2, 2, -2, 2, -2, 2, 3, -3, 3, 4, 5, -5, 5}
    );
}

planner planner_of(
    std::span<const trace::demand> runs, std::size_t pools, std::vector<std::uint32_t> keep = {}
) {
    auto made = planner::of(runs, {.most_pools = pools, .keep = std::move(keep)});
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return *std::move(made);
}

plan plan_of(std::span<const trace::demand> runs, const plan_request& wanted) {
    planner made = planner_of(runs, wanted.pools);
    auto done = made.make(wanted);
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return done.value_or(plan{});
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

} // namespace
} // namespace drone::layout

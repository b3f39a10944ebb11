// SPDX-License-Identifier: MIT
// Heaps with an overflow region: trials in many orders, and what is made of them.

#include "in_order.hpp"
#include "layout/overflow_plan.hpp"
#include "layout/trials.hpp"
#include "random_blocks.hpp"
#include "runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::layout {
namespace {

using layout_test::in_order;
using layout_test::random_blocks;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Trials, AnswerAsAReplayDoesInEveryOrder) {
    unsigned held = 0;
    for (unsigned seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::vector runs = {
            random_blocks(random, {.live = 8}), random_blocks(random, {.live = 8})
        };
        const trials tried(runs);
        const std::vector<pool_spec> pools = {{24, 5}, {64, 2}};
        const tried_heap heap{
            .pools = pools, .alignment = 8, .region_bytes = 1500 + 8 * (seed % 400)
        };
        for (const std::uint32_t order : {0U, 1U, 7U}) {
            const std::vector shifted = {
                in_order(tried.runs()[0], order), in_order(tried.runs()[1], order)
            };
            const auto report = replay(shifted, heap);
            ASSERT_TRUE(report.has_value());
            ASSERT_EQ(tried.hold(heap, order), report->holds());
            if (report->holds()) ++held;
        }
    }
    EXPECT_GT(held, 50U);
    EXPECT_LT(held, 550U);
}

/// What a growing region was found to need is near the least region that holds, and never below what is
/// live; and a region that needs nothing more stays as it is.
TEST(Trials, NeedWhatARegionThatGrowsTakes) {
    unsigned held = 0;
    for (unsigned seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::vector runs = {
            random_blocks(random, {.live = 8}), random_blocks(random, {.live = 12})
        };
        const trials tried(runs);
        const std::vector<pool_spec> pools = {{24, 5}, {64, 2}};
        tried_heap heap{.pools = pools, .alignment = 8, .region_bytes = 256 + 8 * (seed % 40)};
        const std::uint32_t order = seed % 3;
        const auto found = tried.needed(heap, order, 16, 100'000);
        ASSERT_TRUE(found.has_value());
        ASSERT_GE(found->region, heap.region_bytes);
        ASSERT_FALSE(tried.needed(heap, order, 16, (heap.region_bytes + found->region) / 2));
        heap.region_bytes = found->region;
        if (tried.hold(heap, order)) ++held;
        heap.region_bytes = 100'000;
        ASSERT_EQ(tried.needed(heap, order, 16, 100'000)->region, 100'000U);
        std::uint64_t from_pools = 0;
        for (const ordered_run& run : tried.runs()) {
            const usage::demand shifted = in_order(run, order);
            const auto report = replay(std::span(&shifted, 1), heap);
            ASSERT_TRUE(report && report->holds());
            for (const pool_usage& pool : report->pools)
                from_pools += pool.taken;
        }
        // A resize that stays in its pool counts as a request of its own here.
        ASSERT_GE(tried.needed(heap, order, 16, 100'000)->from_pools, from_pools);
    }
    EXPECT_GT(held, 150U);
}

std::uint64_t peak_of(const usage::demand& run) {
    std::int64_t live = 0;
    std::int64_t most = 0;
    for (const usage::step step : run.steps) {
        const std::int64_t size = run.classes[step.number()].size;
        most = std::max(most, live += step.gives_back() ? -size : size);
    }
    return static_cast<std::uint64_t>(most);
}

TEST(OverflowPlan, HoldsInEveryOrderThatItNames) {
    for (unsigned seed = 0; seed < 12; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::vector runs = {
            random_blocks(random, {.live = 40, .steps = 600}),
            random_blocks(random, {.live = 30, .steps = 400}),
        };
        const std::size_t most = seed % 3 * 4;
        const auto plan = plan_overflow(runs, {.most_pools = most});
        ASSERT_TRUE(plan.has_value()) << plan.error().message;
        ASSERT_TRUE(plan->holds());
        ASSERT_LE(plan->pools.size(), most);
        ASSERT_GE(plan->orders, 21U);
        ASSERT_EQ(plan->peak_live, std::max(peak_of(runs[0]), peak_of(runs[1])));
        ASSERT_GE(plan->needed, plan->peak_live);
        ASSERT_GE(plan->size, plan->needed + plan->needed / 10);
        ASSERT_LE(plan->size, plan->needed + plan->needed / 10 + 8);
        // By the region beside these pools.
        const std::uint32_t needed = plan->region - (plan->size - plan->needed - plan->for_speed);
        std::uint32_t bytes = plan->region;
        for (const pool_spec& pool : plan->pools)
            bytes += pool.block * pool.capacity;
        ASSERT_EQ(bytes, plan->size);
        const trials tried(runs);
        for (std::uint32_t order = 0; order < plan->orders; ++order)
            for (const ordered_run& run : tried.runs()) {
                const usage::demand shifted = in_order(run, order);
                const auto report = replay(
                    std::span(&shifted, 1),
                    {.pools = plan->pools, .alignment = plan->alignment, .region_bytes = needed}
                );
                ASSERT_TRUE(report && report->holds()) << order;
            }
    }
}

TEST(OverflowPlan, OfTheFewestBytesIsThatOfAHeapOfSoMany) {
    for (unsigned seed = 0; seed < 30; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::vector runs = {random_blocks(random, {.live = 5 + seed, .steps = 400})};
        const auto least = plan_overflow(runs, {.reserve = false});
        ASSERT_TRUE(least.has_value()) << least.error().message;
        ASSERT_EQ(least->size, least->needed);
        const auto same = plan_overflow(runs, {.size = least->needed});
        ASSERT_TRUE(same.has_value()) << same.error().message;
        ASSERT_EQ(same->pools, least->pools);
        ASSERT_EQ(same->region, least->region);
        ASSERT_EQ(same->control, least->control);
        const auto with_reserve = plan_overflow(runs, {});
        ASSERT_TRUE(with_reserve.has_value());
        ASSERT_EQ(with_reserve->size, least->with_reserve);
        ASSERT_EQ(with_reserve->needed, least->needed);
        ASSERT_GE(with_reserve->control, least->control);
    }
}

TEST(OverflowPlan, IsTheSameHoweverManyThreadsAsk) {
    std::mt19937 random(5);
    const std::vector runs = {random_blocks(random, {.live = 60, .steps = 3000})};
    const auto one = plan_overflow(runs, {});
    const auto other = plan_overflow(runs, {});
    ASSERT_TRUE(one && other);
    EXPECT_EQ(one->pools, other->pools);
    EXPECT_EQ(one->needed, other->needed);
}

TEST(OverflowPlan, GivesTheRegionWhatTheHeapHas) {
    std::mt19937 random(1);
    const std::vector runs = {random_blocks(random, {})};
    const auto least = plan_overflow(runs, {.most_pools = 0});
    ASSERT_TRUE(least.has_value());
    const auto larger = plan_overflow(runs, {.most_pools = 0, .size = least->needed + 2048});
    ASSERT_TRUE(larger.has_value());
    EXPECT_EQ(larger->needed, least->needed);
    EXPECT_EQ(larger->size, least->needed + 2048);
    EXPECT_EQ(larger->region, least->region - (least->size - larger->size));
    EXPECT_TRUE(larger->holds());
    const auto smaller = plan_overflow(runs, {.most_pools = 0, .size = least->needed - 8});
    ASSERT_FALSE(smaller.has_value());
    EXPECT_THAT(smaller.error().message, HasSubstr("8 more than the heap"));
}

std::uint32_t bytes_in(const std::vector<pool_spec>& pools) {
    std::uint32_t bytes = 0;
    for (const pool_spec& pool : pools)
        bytes += pool.block * pool.capacity;
    return bytes;
}

/// Blocks of one size, all live, take nearly all of the fewest bytes in a pool. With a tenth to spare
/// most of the heap is the region's, and so the layout holds another run, which asks for other sizes.
TEST(OverflowPlan, LeavesMostOfAHeapWithRoomToTheRegion) {
    const auto run_of = [](std::uint32_t size, std::uint32_t blocks) {
        usage::demand run;
        run.classes = {{size, 8}};
        for (std::uint32_t block = 0; block < blocks; ++block) {
            run.steps.push_back(usage::step::take(usage::class_number{0}));
            run.blocks.push_back(trace::block_number{block});
        }
        return run;
    };
    const usage::demand one = run_of(448, 100);
    const usage::demand other = run_of(96, 300);
    const auto wide = plan_overflow(std::span(&one, 1), {});
    ASSERT_TRUE(wide && wide->holds());
    const auto tight = plan_overflow(std::span(&one, 1), {.size = wide->needed});
    ASSERT_TRUE(tight && tight->holds());
    EXPECT_GT(bytes_in(tight->pools), tight->size / 4 * 3);
    EXPECT_LE(bytes_in(wide->pools), wide->size / 4);
    const auto in = [&](const overflow_plan& plan) {
        const auto report = replay(
            std::span(&other, 1),
            {.pools = plan.pools, .alignment = plan.alignment, .region_bytes = plan.region}
        );
        return report && report->holds();
    };
    EXPECT_TRUE(in(*wide));
    EXPECT_FALSE(in(*tight));
}

/// 12 bytes take 16 in the region: a pool for what is always live saves a quarter.
TEST(OverflowPlan, SpendsAQuarterOfWhatIsToSpareOnPoolsThatServeMore) {
    unsigned spent = 0;
    for (unsigned seed = 0; seed < 12; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::vector runs = {random_blocks(random, {.live = 60, .steps = 2000})};
        const auto least = plan_overflow(runs, {.most_pools = 6});
        ASSERT_TRUE(least.has_value());
        const auto tight = plan_overflow(runs, {.most_pools = 6, .size = least->needed});
        ASSERT_TRUE(tight.has_value());
        ASSERT_EQ(tight->for_speed, 0U);
        const auto wide = plan_overflow(runs, {.most_pools = 6, .size = 2 * least->needed});
        ASSERT_TRUE(wide.has_value());
        ASSERT_TRUE(wide->holds());
        ASSERT_EQ(wide->needed, least->needed);
        ASSERT_LE(wide->pools.size(), 6U);
        ASSERT_LE(wide->for_speed, least->needed / 4);
        ASSERT_GE(wide->from_pools(), least->from_pools());
        if (wide->from_pools() > least->from_pools()) ++spent;
        // It would hold without the rest of what is to spare.
        std::uint32_t pools = 0;
        for (const pool_spec& pool : wide->pools)
            pools += pool.block * pool.capacity;
        const auto report = replay(
            runs,
            {.pools = wide->pools,
             .alignment = wide->alignment,
             .region_bytes = (least->needed + least->needed / 4 - pools) / 8 * 8}
        );
        ASSERT_TRUE(report && report->holds());
    }
    EXPECT_GT(spent, 6U);
}

TEST(OverflowPlan, TakesAPoolWhereItSavesMemory) {
    usage::demand run;
    run.classes = {{12, 4}, {300, 4}};
    for (std::uint32_t block = 0; block < 1000; ++block) {
        run.steps.push_back(usage::step::take(usage::class_number{0}));
        run.blocks.push_back(trace::block_number{block});
    }
    run.steps.push_back(usage::step::take(usage::class_number{1}));
    run.blocks.push_back(trace::block_number{1000});
    const std::vector runs = {run};
    const auto plan = plan_overflow(runs, {});
    ASSERT_TRUE(plan.has_value());
    ASSERT_FALSE(plan->pools.empty());
    EXPECT_EQ(plan->pools[0].block, 12U);
    EXPECT_LT(static_cast<double>(plan->used()), 1.05 * static_cast<double>(plan->peak_live));
    const auto alone = plan_overflow(runs, {.most_pools = 0});
    ASSERT_TRUE(alone.has_value());
    EXPECT_THAT(alone->pools, IsEmpty());
    EXPECT_GT(static_cast<double>(alone->used()), 1.3 * static_cast<double>(alone->peak_live));
}

TEST(OverflowPlan, ServesEveryAlignment) {
    usage::demand run;
    run.classes = {{100, 64}, {20, 256}, {8, 8}};
    std::ranges::sort(run.classes);
    for (std::uint32_t block = 0; block < 60; ++block) {
        run.steps.push_back(usage::step::take(usage::class_number(block % 3)));
        run.blocks.push_back(trace::block_number{block});
    }
    const std::vector runs = {run};
    const auto plan = plan_overflow(runs, {});
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->alignment, 256U);
    EXPECT_TRUE(plan->holds());
}

TEST(OverflowPlan, KeepsAReserveForWhatATraceLost) {
    std::mt19937 random(3);
    std::vector runs = {random_blocks(random, {})};
    runs[0].missing = {.gaps = 1, .lost_events = 30};
    const auto plan = plan_overflow(runs, {});
    ASSERT_TRUE(plan.has_value());
    EXPECT_TRUE(plan->has_reserve);
    EXPECT_GE(plan->size, plan->needed + plan->needed / 20);
}

TEST(OverflowPlan, NeedsAnAllocation) {
    const std::vector<usage::demand> runs(1);
    EXPECT_THAT(plan_overflow(runs, {}).error().message, HasSubstr("nothing was ever allocated"));
}

} // namespace
} // namespace drone::layout

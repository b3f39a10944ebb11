// SPDX-License-Identifier: MIT

// Programs that leak and programs that do not, at every length of the run.

#include "usage/leaks.hpp"
#include "usage/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cmath>
#include <random>

namespace drone::usage {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Hands every change to both looks at a run.
struct program {
    statistics usage;
    growth_by_caller by_caller;
    trace::block_numbers numbers;

    trace::change take(std::uint32_t size, std::uint32_t caller = 0) {
        const trace::change c{.block = numbers.take(), .size = size, .caller = caller};
        change(c);
        return c;
    }
    void give_back(trace::change c) {
        c.gives_back = true;
        c.caller = 0; // whoever frees it
        numbers.give_back(c.block);
        change(c);
    }
    void change(const trace::change& c) {
        usage.on_changes(std::array{c});
        by_caller.on_changes(std::array{c});
    }
};

RC_GTEST_PROP(Growth, FindsALeakWithItsCallerAndItsRate, ()) {
    const auto rounds = *rc::gen::inRange(200, 5000);
    const auto every = *rc::gen::inRange(1, rounds / 100 + 1);
    program p;
    for (int i = 0; i < 20; ++i)
        p.take(24, 0x1000); // what the same place holds for good
    for (int round = 0; round < rounds; ++round) {
        const trace::change scratch = p.take(24, 0x2000);
        p.give_back(scratch);
        if (round % every == 0) p.take(24, 0x1000);
    }
    RC_ASSERT(p.usage.grows());
    const std::vector<growth> found = p.by_caller.found();
    RC_ASSERT(found.size() == 1U);
    RC_ASSERT(found[0].size == std::uint32_t{24});
    RC_ASSERT(found[0].caller == std::uint32_t{0x1000});
    RC_ASSERT(found[0].grew.steady);
    const double leaked = double(rounds) / every;
    RC_ASSERT(std::abs(found[0].grew.per_run() - leaked) < leaked * 0.15);
}

RC_GTEST_PROP(Growth, FindsALeakOfManySizesByItsCaller, ()) {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    program p;
    for (int round = 0; round < 1000; ++round) {
        p.give_back(p.take(24, 0x2000));
        p.take(static_cast<std::uint32_t>(40 + random() % 4000), 0x1000);
    }
    RC_ASSERT(p.usage.grows());
    const std::vector<growth> found = p.by_caller.found();
    RC_ASSERT(found.size() == 1U);
    RC_ASSERT(!found[0].size.has_value());
    RC_ASSERT(found[0].caller == std::uint32_t{0x1000});
}

RC_GTEST_PROP(Growth, IsNotFoundWhereBlocksLiveForGood, ()) {
    const auto held = *rc::gen::inRange(0, 400);
    const auto rounds = *rc::gen::inRange(held * 2 + 100, 6000);
    program p;
    for (int i = 0; i < held; ++i)
        p.take(16);
    for (int round = 0; round < rounds; ++round)
        p.give_back(p.take(24));
    RC_ASSERT(!p.usage.grows());
    RC_ASSERT(p.by_caller.found().empty());
}

RC_GTEST_PROP(Growth, IsNotFoundInAPeriodOfAnyLengthBelowTheRuns, ()) {
    // Samples in step with the program would show a slow, false rise.
    const auto period = *rc::gen::inRange(2, 600);
    const auto periods = *rc::gen::inRange(8, 60);
    program p;
    std::vector<trace::change> list;
    for (int i = 0; i < period * periods; ++i) {
        if (i % period == period - 1) {
            for (const trace::change& c : list)
                p.give_back(c);
            list.clear();
        } else {
            list.push_back(p.take(12));
        }
    }
    RC_ASSERT(!p.usage.grows());
}

TEST(Growth, IsHardlyEverFoundInAQueueThatMovesAtRandom) {
    int found = 0;
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        program p;
        std::vector<trace::change> queue;
        for (int i = 0; i < 3000; ++i) {
            if (random() % 2 == 0 || queue.empty()) {
                queue.push_back(p.take(12));
            } else {
                p.give_back(queue.back());
                queue.pop_back();
            }
        }
        if (p.usage.grows()) ++found;
    }
    EXPECT_LE(found, 3);
}

TEST(Growth, OfACacheThatFillsAndStopsIsNoLeak) {
    program p;
    for (int i = 0; i < 4000; ++i) {
        if (i < 2000 && i % 10 == 0) p.take(16);
        p.give_back(p.take(24));
    }
    EXPECT_THAT(p.by_caller.found(), IsEmpty());
}

TEST(Growth, ThatSlowsDownIsFoundAndNotCalledSteady) {
    program p;
    double held = 0;
    for (int i = 1; i < 20000; ++i) {
        const double wanted = 300 * (1 - std::exp(-3 * i / 20000.0));
        if (held + 1 < wanted) {
            p.take(16);
            ++held;
        }
        p.give_back(p.take(24));
    }
    const std::vector<growth> found = p.by_caller.found();
    ASSERT_THAT(found, SizeIs(1));
    EXPECT_FALSE(found[0].grew.steady);
}

TEST(Growth, NeedsAFewSamples) {
    EXPECT_FALSE(find_trend({}));
    const std::vector<std::uint32_t> few(40, 1);
    EXPECT_FALSE(find_trend(few));
}

} // namespace
} // namespace drone::usage

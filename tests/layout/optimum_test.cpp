// SPDX-License-Identifier: MIT
#include "layout/optimum.hpp"
#include "runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::layout {
namespace {

using layout_test::fewest_bytes;
using layout_test::random_run;
using layout_test::random_shape;
using layout_test::run_of;
using layout_test::run_through;
using testing::ElementsAre;

optimum best_layout(std::span<const trace::demand> runs, std::size_t pools) {
    const auto work = workload::of(layout_test::pointers(runs));
    EXPECT_TRUE(work.has_value());
    const load_index index(*work);
    optimizer search(index, {.most_pools = pools, .keep = {}});
    const auto best = search.best(pools);
    EXPECT_TRUE(best.has_value());
    return best.value_or(optimum{});
}

TEST(Optimum, IsNotMisledByACostThatIsNotMonge) {
    const std::vector runs = {
        run_through({{4}, {8}, {12}, {16}}, {{0, 0, 1, 1}, {1, 2, 1, 0}}),
    };
    const optimum best = best_layout(runs, 2);
    EXPECT_EQ(best.bytes, 52);
    EXPECT_TRUE(best.proved);
    EXPECT_EQ(layout_test::bytes_needed(runs, std::vector<std::uint32_t>{8, 16}), 56);
}

void agree_with_brute_force(const random_shape& shape, std::size_t most_runs, int cases) {
    for (int seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        std::vector<trace::demand> runs;
        for (std::size_t number = 0; number <= random() % most_runs; ++number)
            runs.push_back(random_run(random, shape));
        const std::size_t pools = 1 + random() % 3;
        const optimum best = best_layout(runs, pools);
        ASSERT_TRUE(best.proved);
        ASSERT_LE(best.pools.size(), pools);
        std::vector<std::uint32_t> blocks;
        std::int64_t bytes = 0;
        for (const pool_load& pool : best.pools) {
            blocks.push_back(pool.block);
            bytes += pool.load * pool.block;
        }
        ASSERT_EQ(bytes, best.bytes);
        ASSERT_EQ(layout_test::bytes_needed(runs, blocks), best.bytes);
        ASSERT_EQ(
            fewest_bytes(runs, pools, shape.largest + 3 * shape.alignments.back()), best.bytes
        );
    }
}

TEST(Optimum, AgreesWithBruteForceOverAllBlockSets) {
    agree_with_brute_force({.classes = 6, .largest = 36, .alignments = {4}, .steps = 40}, 2, 4000);
}

TEST(Optimum, AgreesWithBruteForceWhereTwoAlignmentsMix) {
    agree_with_brute_force(
        {.classes = 6, .largest = 36, .alignments = {4, 8}, .steps = 40}, 2, 4000
    );
}

TEST(Optimum, AgreesWithBruteForceWhereThreeAlignmentsMix) {
    agree_with_brute_force(
        {.classes = 5, .largest = 40, .alignments = {4, 8, 16}, .steps = 30}, 1, 2000
    );
}

} // namespace
} // namespace drone::layout

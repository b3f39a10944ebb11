// SPDX-License-Identifier: MIT
#include "layout/optimum.hpp"
#include "runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::layout {
namespace {

using layout_test::bytes_needed;
using layout_test::fewest_bytes;
using layout_test::random_run;
using layout_test::random_shape;
using layout_test::run_of;
using layout_test::run_through;
using testing::ElementsAre;
using testing::IsEmpty;

struct wish {
    std::size_t pools = 1;
    std::vector<std::uint32_t> keep = {};
    std::size_t edge_limit = 1'000'000;
};

std::optional<optimum> find_best(std::span<const usage::demand> runs, const wish& wanted) {
    const auto work = workload::of(layout_test::pointers(runs));
    EXPECT_TRUE(work.has_value());
    if (!work) return std::nullopt;
    const load_index index(*work);
    optimizer search(
        index, {.most_pools = wanted.pools, .keep = wanted.keep, .edge_limit = wanted.edge_limit}
    );
    return search.best(wanted.pools);
}

optimum best_layout(std::span<const usage::demand> runs, const wish& wanted) {
    const auto best = find_best(runs, wanted);
    EXPECT_TRUE(best.has_value());
    return best.value_or(optimum{});
}

std::vector<std::uint32_t> blocks_of(const optimum& layout) {
    std::vector<std::uint32_t> blocks;
    for (const pool_load& pool : layout.pools)
        blocks.push_back(pool.block);
    return blocks;
}

TEST(Optimum, IsNotMisledByACostThatIsNotMonge) {
    const std::vector runs = {
        run_through({{4}, {8}, {12}, {16}}, {{0, 0, 1, 1}, {1, 2, 1, 0}}),
    };
    const optimum best = best_layout(runs, {.pools = 2});
    EXPECT_EQ(best.bytes, 52);
    EXPECT_TRUE(best.proved);
}

TEST(Optimum, SeesThatPeaksDoNotCoincide) { // the ancestor adds the maxima up, whenever they were
    // Ten of 4 bytes, then ten of 8: one pool of 8 x 10, not 8 x 20.
    const std::vector runs = {run_through({{4}, {8}}, {{10, 0}, {0, 10}})};
    EXPECT_THAT(best_layout(runs, {.pools = 1}).pools, ElementsAre(pool_load{8, 10}));
}

TEST(Optimum, KeepsTheTwoLargestSizesApartWhenThatIsBest) { // the ancestor always merges them
    const std::vector runs = {run_through({{4}, {8}, {1000}, {2000}}, {{1, 1, 50, 50}})};
    EXPECT_THAT(
        best_layout(runs, {.pools = 3}).pools,
        ElementsAre(pool_load{8, 2}, pool_load{1000, 50}, pool_load{2000, 50})
    );
}

TEST(Optimum, TakesNoExponentialTime) { // the ancestor: 14 s at 66 sizes and 8 pools
    std::mt19937 random(66);
    std::vector<usage::demand> runs;
    runs.push_back(random_run(random, {.classes = 200, .largest = 300, .steps = 20'000}));
    // Over 200 sizes exponential time would not end.
    EXPECT_TRUE(best_layout(runs, {.pools = 16}).proved);
}

TEST(Optimum, GivesAZeroSizeOneGranule) { // the ancestor panics
    const std::vector runs = {run_of({{0}, {4}}, {1, 1, 2})};
    EXPECT_THAT(best_layout(runs, {.pools = 2}).pools, ElementsAre(pool_load{4, 3}));
}

TEST(Optimum, GivesAnAlignedZeroSizeOneAlignment) {
    const std::vector runs = {run_of({{0, 16}, {1, 4}}, {1, 2})};
    EXPECT_THAT(
        best_layout(runs, {.pools = 2}).pools, ElementsAre(pool_load{4, 1}, pool_load{16, 1})
    );
}

TEST(Optimum, HasNoMorePoolsThanSizes) {
    const std::vector runs = {run_of({{4}, {12}}, {1, 2, 2})};
    EXPECT_THAT(
        best_layout(runs, {.pools = 9}).pools, ElementsAre(pool_load{4, 1}, pool_load{12, 2})
    );
}

TEST(Optimum, LeavesOutClassesThatAreNeverTaken) {
    const std::vector runs = {run_of({{4}, {12}, {64}}, {1, 2, -2})};
    EXPECT_THAT(
        best_layout(runs, {.pools = 2}).pools, ElementsAre(pool_load{4, 1}, pool_load{12, 1})
    );
}

TEST(Optimum, OfNothingIsNoPools) {
    const std::vector<usage::demand> runs(1);
    EXPECT_THAT(best_layout(runs, {.pools = 3}).pools, IsEmpty());
}

TEST(Optimum, HoldsEveryRunNotTheirSum) {
    const std::vector runs = {run_of({{4}, {8}}, {1, 1, 1, 2}), run_of({{8}, {16}}, {1, 1, 2})};
    EXPECT_THAT(
        best_layout(runs, {.pools = 3}).pools,
        ElementsAre(pool_load{4, 3}, pool_load{8, 2}, pool_load{16, 1})
    );
}

TEST(Optimum, CountsBeyondSixteenBits) {
    const std::vector runs = {run_through({{4}, {8}}, {{200'000, 0}, {0, 70'000}})};
    EXPECT_THAT(
        best_layout(runs, {.pools = 2}).pools,
        ElementsAre(pool_load{4, 200'000}, pool_load{8, 70'000})
    );
}

TEST(Optimum, CountsBytesBeyondThirtyTwoBits) {
    const std::vector runs = {run_through({{0x8000'0000U}, {4}}, {{3, 1}})};
    EXPECT_EQ(best_layout(runs, {.pools = 1}).bytes, 4 * std::int64_t{0x8000'0000});
}

TEST(Optimum, RefusesASizeThatRoundsBeyondThirtyTwoBits) {
    const std::vector runs = {run_of({{UINT32_MAX, 8}}, {1})};
    EXPECT_FALSE(workload::of(layout_test::pointers(runs)).has_value());
}

TEST(Optimum, PutsAlignedRequestsIntoAlignedBlocks) { // the ancestor ignores alignment
    // 20 bytes aligned to 16 need a block of 32; 20 bytes need one of 20.
    const std::vector runs = {run_of({{20, 4}, {20, 16}}, {1, 1, 1, 2})};
    EXPECT_THAT(
        best_layout(runs, {.pools = 2}).pools, ElementsAre(pool_load{20, 3}, pool_load{32, 1})
    );
    EXPECT_THAT(best_layout(runs, {.pools = 1}).pools, ElementsAre(pool_load{32, 4}));
}

TEST(Optimum, MayKeepAlignedRequestsOutOfASmallPool) {
    // 16 bytes at alignment 4, once, throughout; ten of 16 at alignment 8, then ten of 24. A pool
    // of 20 serves only the first and leaves the rest to one of 24: 20 + 240, where 16 would take
    // the aligned ones too and one pool would take 24 * 11.
    const std::vector runs = {run_through({{16, 4}, {16, 8}, {24, 8}}, {{1, 10, 0}, {1, 0, 10}})};
    EXPECT_THAT(
        best_layout(runs, {.pools = 2}).pools, ElementsAre(pool_load{20, 1}, pool_load{24, 10})
    );
}

TEST(Optimum, KeepsGivenBlocks) {
    const std::vector runs = {run_of({{4}, {12}, {40}}, {1, 2, 3})};
    EXPECT_THAT(
        best_layout(runs, {.pools = 2, .keep = {16}}).pools,
        ElementsAre(pool_load{16, 2}, pool_load{40, 1})
    );
    EXPECT_THAT(
        best_layout(runs, {.pools = 2, .keep = {64}}).pools,
        ElementsAre(pool_load{12, 2}, pool_load{64, 1})
    );
    EXPECT_FALSE(find_best(runs, {.pools = 1, .keep = {16}}).has_value());
}

TEST(Optimum, GivesAKeptBlockThatNothingNeedsOneBlock) {
    const std::vector runs = {run_of({{4}, {40}}, {1, 2})};
    EXPECT_THAT(
        best_layout(runs, {.pools = 3, .keep = {4, 8}}).pools,
        ElementsAre(pool_load{4, 1}, pool_load{8, 1}, pool_load{40, 1})
    );
}

TEST(Optimum, IsNotCalledProvedWhereTheGraphWasTooLarge) {
    std::mt19937 random(5);
    std::vector<usage::demand> runs;
    runs.push_back(random_run(random, {.classes = 40, .largest = 400, .steps = 2000}));
    const optimum exact = best_layout(runs, {.pools = 4});
    const optimum coarse = best_layout(runs, {.pools = 4, .edge_limit = 60});
    EXPECT_FALSE(coarse.proved);
    EXPECT_GE(coarse.bytes, exact.bytes);
    EXPECT_EQ(bytes_needed(runs, blocks_of(coarse)), coarse.bytes);
}

std::vector<usage::demand>
random_runs(std::mt19937& random, const random_shape& shape, std::size_t most) {
    std::vector<usage::demand> runs;
    const std::size_t count = 1 + random() % most;
    for (std::size_t number = 0; number < count; ++number)
        runs.push_back(random_run(random, shape));
    return runs;
}

void agree_with_brute_force(const random_shape& shape, std::size_t most_runs, int cases) {
    for (int seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const auto runs = random_runs(random, shape, most_runs);
        wish wanted{.pools = 1 + random() % 3, .keep = {}};
        if (random() % 4 == 0) wanted.keep = {4 + 4 * static_cast<std::uint32_t>(random() % 9)};
        const std::uint32_t largest = shape.largest + 3 * shape.alignments.back();
        const auto expected = fewest_bytes(runs, wanted.pools, largest, wanted.keep);
        const auto best = find_best(runs, wanted);
        ASSERT_EQ(best.has_value(), expected.has_value());
        if (!best || !expected) continue;
        ASSERT_TRUE(best->proved);
        ASSERT_LE(best->pools.size(), wanted.pools);
        ASSERT_EQ(best->bytes, *expected);
        ASSERT_EQ(bytes_needed(runs, blocks_of(*best), wanted.keep), best->bytes);
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

/// Searches with graphs of that size at most and without a limit. Where both are proved they agree,
/// whatever the growth; returns how often that was.
int agree_within(std::size_t edge_limit, const random_shape& shape, int cases) {
    int proved = 0;
    for (int seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const auto runs = random_runs(random, shape, 2);
        const auto work = workload::of(layout_test::pointers(runs));
        const load_index index(*work);
        constexpr std::size_t most = 4;
        std::vector<std::uint32_t> keep;
        if (random() % 4 == 0) keep = {4 + 4 * static_cast<std::uint32_t>(random() % 9)};
        optimizer whole(index, {.most_pools = most, .keep = keep});
        optimizer limited(index, {.most_pools = most, .keep = keep, .edge_limit = edge_limit});
        for (const std::uint64_t quarters : {4U, 5U, 11U}) {
            const std::size_t pools = 1 + random() % most;
            const growth scale(quarters << (growth::fraction_bits - 2));
            const auto expected = whole.best(pools, scale);
            const auto best = limited.best(pools, scale);
            EXPECT_EQ(best.has_value(), expected.has_value());
            if (!best || !expected) continue;
            EXPECT_GE(best->bytes, expected->bytes);
            if (!best->proved) continue;
            EXPECT_EQ(best->bytes, expected->bytes);
            ++proved;
        }
    }
    return proved;
}

TEST(Optimum, IsProvedWithoutThePathsThatCostTooMuch) {
    // The whole graphs have some 300 and 700 edges.
    const random_shape two{.classes = 12, .largest = 100, .alignments = {4, 8}, .steps = 80};
    EXPECT_GT(agree_within(400, two, 1000), 2000);
    const random_shape four{
        .classes = 14, .largest = 160, .alignments = {4, 8, 16, 64}, .steps = 80
    };
    EXPECT_GT(agree_within(400, four, 500), 1000);
}

/// The plain DP over M(i, j), measured one interval at a time.
std::int64_t plain_dp(std::span<const usage::demand> runs, std::size_t pools) {
    std::vector<std::uint32_t> sizes = {0};
    for (const usage::demand& run : runs)
        for (const usage::step step : run.steps)
            if (!step.gives_back())
                sizes.push_back((std::max(run.classes[step.number()].size, 1U) + 3) / 4 * 4);
    std::ranges::sort(sizes);
    sizes.erase(std::ranges::unique(sizes).begin(), sizes.end());
    const std::size_t count = sizes.size();
    std::vector most(count, std::vector<std::int64_t>(count));
    for (const usage::demand& run : runs) {
        std::vector<std::int64_t> live(count); // by size
        for (const usage::step step : run.steps) {
            const std::uint32_t size = (std::max(run.classes[step.number()].size, 1U) + 3) / 4 * 4;
            const auto at = std::ranges::lower_bound(sizes, size) - sizes.begin();
            live[static_cast<std::size_t>(at)] += step.gives_back() ? -1 : 1;
            for (std::size_t to = 1; to < count; ++to) {
                std::int64_t sum = 0;
                for (std::size_t from = to; from-- > 0;) {
                    sum += live[from + 1];
                    most[from][to] = std::max(most[from][to], sum);
                }
            }
        }
    }
    constexpr std::int64_t never = INT64_MAX / 2;
    std::vector<std::int64_t> least(count, never);
    least[0] = 0;
    for (std::size_t pool = 0; pool < pools; ++pool) {
        std::vector<std::int64_t> next = least;
        for (std::size_t to = 1; to < count; ++to)
            for (std::size_t from = 0; from < to; ++from)
                next[to] = std::min(next[to], least[from] + sizes[to] * most[from][to]);
        least = next;
    }
    return least.back();
}

TEST(Optimum, AgreesWithThePlainDynamicProgram) {
    for (unsigned seed = 0; seed < 10'000; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const random_shape shape{
            .classes = 2 + random() % 14, .largest = 100, .alignments = {4}, .steps = 150
        };
        const auto runs = random_runs(random, shape, 2);
        const std::size_t pools = 1 + random() % 6;
        ASSERT_EQ(best_layout(runs, {.pools = pools}).bytes, plain_dp(runs, pools));
    }
}

TEST(Optimum, AgreesWithThePlainDynamicProgramOverManyStretches) {
    for (unsigned seed = 0; seed < 3; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const random_shape shape{.classes = 20, .largest = 100, .alignments = {4}, .steps = 60'000};
        const auto runs = random_runs(random, shape, 2);
        ASSERT_EQ(best_layout(runs, {.pools = 5}).bytes, plain_dp(runs, 5));
    }
}

} // namespace
} // namespace drone::layout

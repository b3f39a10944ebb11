// SPDX-License-Identifier: MIT
#include "layout/replay.hpp"
#include "layout/squeeze.hpp"
#include "runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace drone::layout {
namespace {

using layout_test::fewest_bytes;
using layout_test::numbers;
using layout_test::random_run;
using layout_test::random_shape;
using layout_test::run_of;
using layout_test::run_through;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

replay_report replayed(
    std::span<const usage::demand> runs,
    const std::vector<pool_spec>& pools,
    std::uint32_t alignment = 8
) {
    const auto report = replay(runs, {.pools = pools, .alignment = alignment});
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return report.value_or(replay_report{});
}

TEST(Replay, CountsPeaksAndFallOvers) {
    const std::vector runs = {run_of({{4}, {8}}, {1, 1, 1, -1, 2})};
    const replay_report report = replayed(runs, {{4, 2}, {8, 2}});
    EXPECT_TRUE(report.holds());
    EXPECT_EQ(report.pools[0].peak, 2U);
    EXPECT_EQ(report.pools[0].fell_over, 1U);
    EXPECT_EQ(report.pools[1].peak, 1U); // the run has no block numbers: the last of 4 bytes went
    EXPECT_EQ(report.pools[1].taken, 2U);
    EXPECT_EQ(report.pools[1].fell_into, 1U);
    EXPECT_EQ(report.peak_blocks, 3U);
    EXPECT_EQ(report.peak_bytes, 16U);
}

TEST(Replay, SaysWhereAndWhyItFails) {
    const std::vector runs = {
        run_of({{4}}, {1}),
        run_of({{4}, {12}}, {2, 1, 1, -1, 2}),
    };
    const replay_report report = replayed(runs, {{8, 1}, {12, 1}});
    ASSERT_TRUE(report.first_failure.has_value());
    EXPECT_EQ(report.first_failure->run, 1U);
    EXPECT_EQ(report.first_failure->step, 2U);
    EXPECT_EQ(report.first_failure->request.size, 4U);
    EXPECT_EQ(report.first_failure->live_blocks, 2U);
    EXPECT_EQ(report.first_failure->live_bytes, 16U);
    EXPECT_THAT(report.first_failure->exhausted, ElementsAre(0, 1));
    EXPECT_EQ(report.failures, 2U); // the block of 12 is still taken when the next one is asked for
}

TEST(Replay, SaysWhenNoPoolServesARequestAtAll) {
    const std::vector runs = {run_of({{4, 16}}, {1})};
    const replay_report report = replayed(runs, {{12, 5}, {24, 5}}, 16);
    ASSERT_TRUE(report.first_failure.has_value());
    EXPECT_THAT(report.first_failure->exhausted, IsEmpty());
}

TEST(Replay, GivesBackTheVeryBlockThatWasTaken) {
    usage::demand run = run_of({{4}}, {1, 1, -1, 1});
    run.blocks = numbers({0, 1, 0, 0});
    const std::vector runs = {run};
    // The first block was given back, so the third request finds the small pool free again.
    const replay_report report = replayed(runs, {{4, 1}, {8, 1}});
    EXPECT_TRUE(report.holds());
    EXPECT_EQ(report.pools[0].taken, 2U);
    EXPECT_EQ(report.pools[1].taken, 1U);
}

TEST(Replay, CountsOnlyWhatSharingALargerBlockLoses) {
    // 1 byte in a block of 4 is the granule's doing; 12 in 28 is the layout's.
    const std::vector runs = {run_of({{1}, {12}, {28}}, {1, 2, 2, -2, 3})};
    const replay_report report = replayed(runs, {{4, 1}, {28, 3}});
    EXPECT_EQ(report.peak_waste, 32U);
    EXPECT_EQ(report.pools[0].peak_waste, 0U);
    EXPECT_EQ(report.pools[1].peak_waste, 32U);
}

TEST(Replay, RefusesPoolsThatAreNoLayout) {
    const std::vector<usage::demand> runs(1);
    EXPECT_THAT(replay(runs, {}).error().message, HasSubstr("no pools"));
    const std::vector<pool_spec> odd = {{4, 1}, {6, 1}};
    EXPECT_THAT(replay(runs, {.pools = odd}).error().message, HasSubstr("pool 2"));
    const std::vector<pool_spec> many(256, {4, 1});
    EXPECT_THAT(replay(runs, {.pools = many}).error().message, HasSubstr("at most 255"));
}

/// The heap as anyone would write it down: blocks taken in each pool, first fit, falling over.
class model {
public:
    explicit model(const std::vector<pool_spec>& pools)
        : peaks(pools.size()), fell_over(pools.size()), pools_(pools), taken_(pools.size()) {}

    std::uint64_t failures = 0;
    std::vector<std::uint32_t> peaks;
    std::vector<std::uint64_t> fell_over;

    void play(const usage::demand& run) {
        std::map<trace::block_number, std::size_t> pool_of;
        std::ranges::fill(taken_, 0);
        for (std::size_t at = 0; at < run.steps.size(); ++at) {
            const trace::block_number block = run.blocks[at];
            if (run.steps[at].gives_back()) {
                if (pool_of.contains(block)) --taken_[pool_of[block]];
                pool_of.erase(block);
                continue;
            }
            if (const auto pool = take(run.classes[run.steps[at].number()]); pool < pools_.size())
                pool_of[block] = pool;
        }
    }

private:
    std::size_t take(const usage::request_class& request) {
        bool is_first = true;
        for (std::size_t pool = 0; pool < pools_.size(); ++pool) {
            if (!layout_test::serves(pools_[pool].block, request)) continue;
            if (taken_[pool] < pools_[pool].capacity) {
                peaks[pool] = std::max(peaks[pool], ++taken_[pool]);
                return pool;
            }
            if (is_first) ++fell_over[pool];
            is_first = false;
        }
        ++failures;
        return pools_.size();
    }

    std::vector<pool_spec> pools_;
    std::vector<std::uint32_t> taken_;
};

/// Numbers the blocks of a run: each return gives back one of its class, picked at random.
void number_blocks(usage::demand& run, std::mt19937& random) {
    usage::by_class<std::vector<trace::block_number>> live(run.classes.size());
    trace::block_numbers names;
    for (const usage::step step : run.steps) {
        auto& own = live[step.number()];
        if (step.gives_back()) {
            const std::size_t pick = random() % own.size();
            run.blocks.push_back(own[pick]);
            names.give_back(own[pick]);
            own.erase(own.begin() + static_cast<std::ptrdiff_t>(pick));
            continue;
        }
        own.push_back(names.take());
        run.blocks.push_back(own.back());
    }
}

TEST(Replay, AgreesWithAnObviousModel) {
    for (unsigned seed = 0; seed < 5000; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        std::vector runs = {
            random_run(
                random, {.classes = 6, .largest = 40, .alignments = {4, 8, 16}, .steps = 60}
            ),
        };
        number_blocks(runs[0], random);
        std::vector<pool_spec> pools;
        for (std::uint32_t block = 4; block <= 48; block += 4)
            if (random() % 3 == 0)
                pools.push_back({block, 1 + static_cast<std::uint32_t>(random() % 8)});
        if (pools.empty()) pools.push_back({48, 3});
        model expected(pools);
        expected.play(runs[0]);
        const replay_report report = replayed(runs, pools, 16);
        ASSERT_EQ(report.failures, expected.failures);
        for (std::size_t pool = 0; pool < pools.size(); ++pool) {
            ASSERT_EQ(report.pools[pool].peak, expected.peaks[pool]);
            ASSERT_EQ(report.pools[pool].fell_over, expected.fell_over[pool]);
        }
    }
}

/// The fewest bytes of all pools, capacities included, that hold the run with fall-over.
std::int64_t fewest_with_fall_over(
    const usage::demand& run, std::size_t pools, std::uint32_t largest, std::int64_t enough
) {
    std::int64_t fewest = enough;
    layout_test::for_each_block_set(pools, largest, [&](std::span<const std::uint32_t> blocks) {
        std::vector<pool_spec> tried;
        const auto fill = [&](const auto& self, std::int64_t bytes) -> void {
            if (tried.size() == blocks.size()) {
                model heap(tried);
                heap.play(run);
                if (heap.failures == 0) fewest = std::min(fewest, bytes);
                return;
            }
            const std::uint32_t block = blocks[tried.size()];
            for (std::uint32_t capacity = 1; bytes + block * capacity < fewest; ++capacity) {
                tried.push_back({block, capacity});
                self(self, bytes + block * capacity);
                tried.pop_back();
            }
        };
        if (!blocks.empty()) fill(fill, 0);
    });
    return fewest;
}

TEST(Squeeze, LiesBetweenTheBoundAndTheOptimumAsBruteForceDoes) {
#if defined(__SANITIZE_ADDRESS__)
    constexpr unsigned cases = 600; // some ten times slower
#else
    constexpr unsigned cases = 10'000;
#endif
    int found = 0;
    for (unsigned seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        std::vector runs = {
            random_run(random, {.classes = 4, .largest = 20, .alignments = {4, 4, 8}, .steps = 24}),
        };
        number_blocks(runs[0], random);
        const std::size_t pools = 1 + random() % 3;
        const auto work = workload::of(layout_test::pointers(runs));
        ASSERT_TRUE(work.has_value());
        const load_index index(*work);
        optimizer search(index, {.most_pools = pools});
        const auto plain = search.best(pools);
        ASSERT_TRUE(plain.has_value());
        const lower_bound bound = lower_bounds(index, pools).back();
        const std::int64_t least = fewest_with_fall_over(runs[0], pools, 24, plain->bytes);
        ASSERT_LE(bound.bytes, least);
        const auto squeezed = squeeze(runs, 8, *plain, bound);
        if (!squeezed) continue;
        ++found;
        ASSERT_LT(squeezed->bytes, plain->bytes);
        ASSERT_GE(squeezed->bytes, least);
        model heap(squeezed->pools);
        heap.play(runs[0]);
        ASSERT_EQ(heap.failures, 0U);
    }
    EXPECT_GT(found, 50);
}

TEST(LowerBound, IsTheCheapestStaircase) {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const std::vector runs = {random_run(random, {.classes = 6, .largest = 30})};
        const auto work = workload::of(layout_test::pointers(runs));
        ASSERT_TRUE(work.has_value());
        const auto bounds = lower_bounds(load_index(*work), 3);
        // G(b): most blocks live at one time that are larger than b.
        const auto larger = [&](std::uint32_t bytes) {
            std::int64_t now = 0;
            std::int64_t most = 0;
            for (const usage::step step : runs[0].steps) {
                if ((std::max(runs[0].classes[step.number()].size, 1U) + 3) / 4 * 4 <= bytes)
                    continue;
                now += step.gives_back() ? -1 : 1;
                most = std::max(most, now);
            }
            return most;
        };
        for (std::size_t pools = 1; pools <= 3; ++pools) {
            std::int64_t least = INT64_MAX;
            layout_test::for_each_block_set(pools, 32, [&](std::span<const std::uint32_t> blocks) {
                if (blocks.empty() || larger(blocks.back()) > 0) return;
                std::int64_t bytes = 0;
                std::uint32_t before = 0;
                for (const std::uint32_t block : blocks) {
                    bytes += (block - before) * larger(before);
                    before = block;
                }
                least = std::min(least, bytes);
            });
            ASSERT_EQ(bounds[pools - 1].bytes, least);
        }
    }
}

} // namespace
} // namespace drone::layout

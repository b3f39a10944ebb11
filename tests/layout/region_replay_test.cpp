// SPDX-License-Identifier: MIT
// Replay with an overflow region: the heap that a firmware would have, compiled with the same layout, does the same,
// block by block.

#include "layout/replay.hpp"
#include "random_blocks.hpp"
#include "runs.hpp"

#include <drone/heap.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <host/exclusive.hpp>
#include <map>
#include <memory>

namespace drone::layout {
namespace {

using layout_test::numbers;
using layout_test::random_blocks;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto region_alone = make_layout(2048, overflow::region);
constexpr auto behind_pools = make_layout(2048, {{4, 5}, {24, 10}, {60, 4}}, 64, overflow::region);
constexpr auto nearly_full = make_layout(1024, {{16, 8}, {64, 8}, {256, 1}}, 16, overflow::region);

template <const auto& Layout>
std::vector<pool_spec> pools_of() {
    std::vector<pool_spec> pools;
    for (std::size_t pool = 0; pool < Layout.pool_count; ++pool)
        pools.push_back({Layout.pools[pool].block, Layout.pools[pool].capacity});
    return pools;
}

/// The compiled heap, and what anyone would count of it.
template <const auto& Layout>
class compiled {
public:
    std::uint64_t failures = 0;
    std::vector<std::uint32_t> peaks = std::vector<std::uint32_t>(Layout.pool_count + 1);
    std::uint64_t peak_bytes = 0; ///< in blocks of the region
    std::uint64_t least_hole = UINT64_MAX;

    compiled() { heap_->initialize(); }

    void play(const usage::demand& run) {
        std::size_t resizes = 0;
        for (std::size_t at = 0; at < run.steps.size(); ++at) {
            const std::uint32_t number = std::to_underlying(run.blocks[at]);
            const std::uint32_t size = run.classes[run.steps[at].number()].size;
            if (resizes < run.resizes.size() && run.resizes[resizes] == at) {
                ++resizes;
                ++at;
                resize(number, size, run.classes[run.steps[at].number()]);
            } else if (run.steps[at].gives_back()) {
                if (blocks_.contains(number)) heap_->deallocate(blocks_[number]);
                blocks_.erase(number);
            } else {
                const usage::request_class& asked = run.classes[run.steps[at].number()];
                keep(number, heap_->allocate(asked.size, asked.alignment));
            }
            count();
        }
    }

private:
    void resize(std::uint32_t number, std::uint32_t from, const usage::request_class& to) {
        if (!blocks_.contains(number)) return keep(number, heap_->allocate(to.size, to.alignment));
        void* const old = blocks_[number];
        blocks_.erase(number);
        void* const now = drone::resize(*heap_, old, from, to.size, to.alignment);
        if (now == nullptr) heap_->deallocate(old);
        keep(number, now);
    }
    void keep(std::uint32_t number, void* block) {
        if (block == nullptr)
            ++failures;
        else
            blocks_[number] = block;
    }
    void count() {
        std::vector<std::uint32_t> now(peaks.size());
        std::uint64_t bytes = 0;
        for (const auto& [number, block] : blocks_) {
            ++now[heap_->pool_of(block)];
            if (heap_->in_region(block)) bytes += heap_->block_size(block);
        }
        for (std::size_t pool = 0; pool < peaks.size(); ++pool)
            peaks[pool] = std::max(peaks[pool], now[pool]);
        peak_bytes = std::max(peak_bytes, bytes);
        least_hole = std::min<std::uint64_t>(least_hole, heap_->largest_request());
        ASSERT_TRUE(heap_->invariants_hold());
    }

    std::unique_ptr<heap<Layout, host::threads>> heap_ =
        std::make_unique<heap<Layout, host::threads>>();
    std::map<std::uint32_t, void*> blocks_;
};

template <const auto& Layout>
void agrees(std::uint32_t largest, std::uint32_t alignment) {
    unsigned failed = 0;
    for (unsigned seed = 0; seed < 500; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const usage::demand run = random_blocks(
            random,
            {.largest = largest, .alignment = alignment, .live = 2 + seed % 24, .steps = 4 + seed}
        );
        compiled<Layout> expected;
        expected.play(run);
        const std::vector<pool_spec> pools = pools_of<Layout>();
        std::uint32_t left = Layout.size;
        for (const pool_spec& pool : pools)
            left -= pool.block * pool.capacity;
        const auto report = replay(
            std::span(&run, 1),
            {.pools = pools, .alignment = Layout.alignment, .region_bytes = left}
        );
        ASSERT_TRUE(report.has_value()) << report.error().message;
        ASSERT_EQ(report->failures, expected.failures);
        for (std::size_t pool = 0; pool < pools.size(); ++pool)
            ASSERT_EQ(report->pools[pool].peak, expected.peaks[pool]) << pool;
        ASSERT_EQ(report->region.peak, expected.peaks.back());
        ASSERT_EQ(report->region.peak_bytes, expected.peak_bytes);
        ASSERT_LE(expected.least_hole, report->region.least_hole);
        if (expected.failures > 0) ++failed;
    }
    EXPECT_GT(failed, 20U);
    EXPECT_LT(failed, 500U);
}

TEST(RegionReplay, DoesWhatTheCompiledHeapDoes) {
    agrees<region_alone>(150, 8);
    agrees<behind_pools>(130, 64);
    agrees<nearly_full>(60, 4);
}

TEST(RegionReplay, SaysWhyARequestFails) {
    usage::demand run;
    run.classes = {{16, 8}, {400, 8}};
    run.steps = {
        usage::step::take(usage::class_number{0}),
        usage::step::take(usage::class_number{1}),
        usage::step::take(usage::class_number{1})
    };
    run.blocks = numbers({0, 1, 2});
    const std::vector<pool_spec> pools = {{16, 1}, {400, 1}};
    const auto report = replay(std::span(&run, 1), {.pools = pools, .region_bytes = 128});
    ASSERT_TRUE(report.has_value());
    ASSERT_TRUE(report->first_failure.has_value());
    EXPECT_EQ(report->first_failure->step, 2U);
    EXPECT_THAT(report->first_failure->exhausted, ElementsAre(1));
    EXPECT_EQ(report->first_failure->largest_hole, 120U);
    EXPECT_EQ(report->pools[1].fell_over, 1U);
    EXPECT_EQ(report->region.taken, 0U);
}

TEST(RegionReplay, CountsWhatFellIntoTheRegion) {
    usage::demand run;
    run.classes = {{16, 8}, {100, 8}};
    run.steps = {
        usage::step::take(usage::class_number{0}),
        usage::step::take(usage::class_number{0}),
        usage::step::take(usage::class_number{1})
    };
    run.blocks = numbers({0, 1, 2});
    const std::vector<pool_spec> pools = {{16, 1}};
    const auto report = replay(std::span(&run, 1), {.pools = pools, .region_bytes = 256});
    ASSERT_TRUE(report.has_value());
    EXPECT_TRUE(report->holds());
    EXPECT_EQ(report->region.taken, 2U);
    EXPECT_EQ(report->region.fell_into, 1U);
    EXPECT_EQ(report->pools[0].fell_over, 1U);
    EXPECT_EQ(report->region.peak_bytes, 16U + 104U);
}

TEST(RegionReplay, RefusesARegionWithoutRoomForABlock) {
    const std::vector<usage::demand> runs(1);
    EXPECT_THAT(
        replay(runs, {.pools = {}, .region_bytes = 8}).error().message, HasSubstr("no room")
    );
    const std::vector<pool_spec> pools = {{1U << 30U, 3}};
    EXPECT_THAT(
        replay(runs, {.pools = pools, .region_bytes = 3U << 30U}).error().message,
        HasSubstr("4 GiB")
    );
}

} // namespace
} // namespace drone::layout

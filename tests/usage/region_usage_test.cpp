// SPDX-License-Identifier: MIT
// The region's use and holes against a byte for every byte, and against the heap that the target has.

#include "usage/region_usage.hpp"

#include <drone/heap.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <host/exclusive.hpp>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace drone::usage {
namespace {

constexpr std::uint32_t unit = 8;
constexpr std::uint32_t units = 64;
constexpr trace::block_number first_block{};

/// Not one of ours: its blocks are what was asked for.
trace::traced_heap heap() {
    return {
        .size = units * unit,
        .pools = {},
        .region = {.offset = 0, .unit = unit, .units = units, .first_block = first_block},
    };
}

trace::change block_at(std::uint32_t at, std::uint32_t size) {
    return {.block = first_block + at, .size = size};
}

/// Every unit is in use or not.
class model {
public:
    std::uint64_t in_use = 0;

    [[nodiscard]] bool is_free(std::uint32_t at, std::uint32_t count) const {
        for (std::uint32_t i = at; i < at + count; ++i)
            if (i >= units || used_[i]) return false;
        return true;
    }
    void set(std::uint32_t at, std::uint32_t count, bool used) {
        for (std::uint32_t i = at; i < at + count; ++i)
            used_[i] = used;
        in_use += used ? count * unit : -std::uint64_t{count * unit};
    }
    [[nodiscard]] std::uint64_t largest_hole() const {
        std::uint64_t largest = 0;
        std::uint64_t now = 0;
        for (const bool used : used_) {
            now = used ? 0 : now + unit;
            largest = std::max(largest, now);
        }
        return largest;
    }

private:
    std::vector<bool> used_ = std::vector<bool>(units);
};

TEST(RegionUsage, AgreesWithAByteForEveryByte) {
    for (unsigned seed = 0; seed < 50; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        region_usage region(heap());
        model expected;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> live; // place and units
        std::uint64_t peak = 0;
        std::uint64_t least = units * unit;
        for (std::uint64_t event = 1; event <= 300; ++event) {
            const auto at = static_cast<std::uint32_t>(random() % units);
            const auto count = 1 + static_cast<std::uint32_t>(random() % 6);
            if (expected.is_free(at, count)) {
                region.take(
                    block_at(at, count * unit - static_cast<std::uint32_t>(random() % 8)),
                    false,
                    event
                );
                expected.set(at, count, true);
                live.emplace_back(at, count);
            } else if (!live.empty()) {
                const std::size_t which = random() % live.size();
                auto [place, size] = live[which];
                if (random() % 2 == 0 && expected.is_free(place + size, 1)) {
                    region.resize(
                        block_at(place, size * unit), block_at(place, (size + 1) * unit), event
                    );
                    expected.set(place + size, 1, true);
                    ++live[which].second;
                } else {
                    region.give_back(block_at(place, size * unit), event);
                    expected.set(place, size, false);
                    live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
                }
            }
            peak = std::max(peak, expected.in_use);
            least = std::min(least, expected.largest_hole());
            ASSERT_EQ(region.peak_bytes(), peak);
            ASSERT_EQ(region.least_hole(), least);
        }
    }
}

constexpr auto region_alone = make_layout(4096, overflow::region);
constexpr auto behind_pools = make_layout(4100, {{8, 5}, {24, 3}}, 8, overflow::region);

/// A heap of the target, and what a trace of it would say.
template <const auto& Layout>
class traced {
public:
    using heap_type = drone::heap<Layout, host::threads>;

    traced() { heap_->initialize(); }

    region_usage usage{announced()};
    std::uint64_t event = 0;
    std::uint64_t peak = 0;
    std::uint64_t least_hole = UINT64_MAX;

    void take(std::uint32_t size) {
        void* const block = heap_->allocate(size, 8);
        if (block == nullptr) return;
        live_.push_back({block, size});
        if (heap_->in_region(block)) usage.take(change(live_.back()), false, ++event);
        look();
    }
    void give_back(std::size_t which) {
        const live_block gone = live_[which];
        if (heap_->in_region(gone.block)) usage.give_back(change(gone), ++event);
        heap_->deallocate(gone.block);
        live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(which));
        look();
    }
    void resize(std::size_t which, std::uint32_t size) {
        const live_block before = live_[which];
        if (!heap_->in_region(before.block)) return;
        void* const now = heap_->place_resized(before.block, before.size, size, 8);
        if (now == nullptr) return;
        live_[which] = {now, size};
        if (heap_->in_region(now))
            usage.resize(change(before), change(live_[which]), ++event);
        else
            usage.give_back(change(before), ++event);
        if (now != before.block) heap_->deallocate(before.block);
        look();
    }
    [[nodiscard]] std::size_t live() const { return live_.size(); }

private:
    struct live_block {
        void* block;
        std::uint32_t size;
    };

    static trace::traced_heap announced() {
        trace::traced_heap all{.size = Layout.size, .pools = {}};
        std::uint32_t first = 0;
        for (std::size_t i = 0; i < Layout.pool_count; ++i) {
            all.pools.push_back({Layout.pools[i].block, Layout.pools[i].capacity});
            first += Layout.pools[i].capacity;
        }
        const region_layout place = heap_type().searches().region().layout();
        all.region = {
            .offset = place.first_block(),
            .unit = region_granule,
            .units = place.granules,
            .first_block = trace::block_number{first}
        };
        return all;
    }
    [[nodiscard]] trace::change change(const live_block& block) const {
        const trace::traced_region at = announced().region;
        const auto offset = static_cast<std::uint32_t>(heap_->offset_of(block.block));
        return {.block = at.first_block + (offset - at.offset) / at.unit, .size = block.size};
    }
    void look() {
        std::uint64_t in_use = 0;
        for (const live_block& block : live_)
            if (heap_->in_region(block.block)) in_use += heap_->block_size(block.block);
        std::uint64_t hole = 0;
        heap_->for_each_region_block([&](region_kind kind, std::uint32_t, std::uint32_t bytes) {
            if (kind == region_kind::free) hole = std::max<std::uint64_t>(hole, bytes);
        });
        ASSERT_EQ(usage.bytes_in_use(), in_use) << event;
        ASSERT_EQ(usage.largest_hole(), hole) << event;
    }

    std::unique_ptr<heap_type> heap_ = std::make_unique<heap_type>();
    std::vector<live_block> live_;
};

template <const auto& Layout>
void agrees_with_the_heap(std::uint32_t bytes) {
    for (unsigned seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        traced<Layout> heap;
        EXPECT_EQ(heap.usage.bytes(), bytes);
        for (int step = 0; step < 300; ++step) {
            const auto size = static_cast<std::uint32_t>(1 + random() % (random() % 3 ? 60 : 900));
            if (heap.live() == 0 || random() % 2 == 0)
                heap.take(size);
            else if (random() % 3 == 0)
                heap.resize(random() % heap.live(), size);
            else
                heap.give_back(random() % heap.live());
            if (testing::Test::HasFatalFailure()) return;
        }
    }
}

TEST(RegionUsage, AgreesWithTheHeapOfTheTarget) {
    agrees_with_the_heap<region_alone>(4096);
    agrees_with_the_heap<behind_pools>(4100 - 5 * 8 - 3 * 24);
}

TEST(RegionUsage, KeepsAHistoryOfBoundedLength) {
    region_usage region(heap());
    for (std::uint64_t event = 1; event <= 100'000; ++event) {
        if (event % 2 == 1)
            region.take(block_at(0, 100), event % 3 == 0, event);
        else
            region.give_back(block_at(0, 100), event);
    }
    EXPECT_LE(region.history().size(), region_usage::most_stretches);
    EXPECT_GE(region.history().size(), region_usage::most_stretches / 2);
    EXPECT_EQ(region.history().back().events, 100'000U);
    for (const region_stretch& s : region.history()) {
        EXPECT_EQ(s.most_in_use, 104U);
        EXPECT_EQ(s.least_hole, units * unit - 104U);
    }
    EXPECT_EQ(region.requests().at(100).count, 50'000U);
    EXPECT_EQ(region.requests().at(100).pool_full, 16'667U);
}

TEST(RegionUsage, SurvivesWhatADamagedTraceSays) {
    region_usage region(heap());
    region.take(block_at(0, 64), false, 1);
    region.take(block_at(4, 64), false, 2);    // in the middle of a block
    region.take(block_at(0, 8), false, 3);     // where one is
    region.take(block_at(60, 1000), false, 4); // beyond the end
    region.give_back(block_at(4, 64), 5);      // never entered
    region.give_back(block_at(30, 64), 6);
    region.give_back(block_at(60, 1000), 7);
    region.give_back(block_at(0, 64), 8);
    region.take(block_at(0, units * unit), false, 9);
    EXPECT_EQ(region.peak_bytes(), units * unit);
    EXPECT_EQ(region.least_hole(), 0U);
}

} // namespace
} // namespace drone::usage

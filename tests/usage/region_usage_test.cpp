// SPDX-License-Identifier: MIT
// The region's use and holes against a byte for every byte.

#include "usage/region_usage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace drone::usage {
namespace {

constexpr std::uint32_t unit = 8;
constexpr std::uint32_t units = 64;
constexpr trace::block_number first_block{10};

trace::traced_heap heap() {
    return {
        .size = 100 + units * unit,
        .pools = {},
        .region = {.offset = 100, .unit = unit, .units = units, .first_block = first_block},
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

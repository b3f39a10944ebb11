// SPDX-License-Identifier: MIT
// The most of each stretch of a run, against all of its values.

#include "usage/live_line.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace drone::usage {
namespace {

TEST(LiveLine, HasTheMostOfEqualStretches) {
    for (const std::size_t changes : {0UL, 1UL, 255UL, 256UL, 257UL, 1000UL, 40'000UL}) {
        SCOPED_TRACE(changes);
        std::mt19937 random(static_cast<unsigned>(changes));
        live_line line;
        std::vector<std::uint64_t> all;
        std::vector<std::uint32_t> live;
        std::uint64_t bytes = 0;
        while (all.size() < changes) {
            const bool takes = live.empty() || random() % 5 < 3;
            trace::change c{.size = static_cast<std::uint32_t>(random() % 1000)};
            if (takes) {
                live.push_back(c.size);
                bytes += c.size;
            } else {
                c = {.size = live.back(), .gives_back = true};
                live.pop_back();
                bytes -= c.size;
            }
            line.on_changes(std::span(&c, 1));
            all.push_back(bytes);
        }
        const std::vector<std::uint64_t>& most = line.most();
        ASSERT_LE(most.size(), 2 * live_line::fewest);
        ASSERT_GE(most.size(), std::min(changes, live_line::fewest));
        std::size_t stretch = 1;
        while (stretch * 2 * live_line::fewest < changes)
            stretch *= 2;
        ASSERT_EQ(most.size(), (changes + stretch - 1) / stretch);
        for (std::size_t i = 0; i < most.size(); ++i) {
            const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i * stretch);
            const auto end =
                all.begin() + static_cast<std::ptrdiff_t>(std::min(changes, (i + 1) * stretch));
            EXPECT_EQ(most[i], *std::max_element(begin, end)) << i;
        }
    }
}

} // namespace
} // namespace drone::usage

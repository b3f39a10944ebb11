// SPDX-License-Identifier: MIT

#include "trace_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::trace {
namespace {

using ::testing::ElementsAre;

/// Words of Drone 0.14, given before the XOR.
std::string drone_0_14(std::initializer_list<std::uint32_t> words) {
    std::vector<wire::word> keyed;
    for (const std::uint32_t word : words)
        keyed.push_back({word ^ 0xC5AC'CE55U});
    return bytes_of(keyed);
}

TEST(Drone014Trace, TakesSizesApart) {
    // 0x1234 bytes taken and given back, 12 taken.
    const reading r(
        drone_0_14({0xA100'0012, 0xA200'0034, 0xD100'0012, 0xD200'0034, 0xA100'0000, 0xA200'000C})
    );
    EXPECT_EQ(r.found.format, format::drone_0_14);
    EXPECT_THAT(
        r.usage.rows(), ElementsAre(usage::size_usage{12, 1, 1}, usage::size_usage{0x1234, 1, 1})
    );
}

TEST(Drone014Trace, PairsWordsAroundNestedEvents) {
    // 0x1234 is taken; in its middle an interrupt takes 0x105.
    const reading r(drone_0_14({0xA100'0012, 0xA100'0001, 0xA200'0005, 0xA200'0034}));
    EXPECT_THAT(
        r.usage.rows(), ElementsAre(usage::size_usage{0x105, 1, 1}, usage::size_usage{0x1234, 1, 1})
    );
    EXPECT_EQ(r.found.gaps, 0);
}

TEST(Drone014Trace, ReadsGrowAndShrink) {
    // 0x1234 taken, grown to 0x20001, shrunk to 8.
    const reading r(drone_0_14(
        {0xA100'0012,
         0xA200'0034,
         0xB100'0012,
         0xB234'0002,
         0xB300'0001,
         0xC100'0200,
         0xC201'0000,
         0xC300'0008}
    ));
    EXPECT_THAT(
        r.usage.rows(),
        ElementsAre(
            usage::size_usage{8, 1, 1},
            usage::size_usage{0x1234, 1, 1},
            usage::size_usage{0x20001, 1, 1}
        )
    );
}

TEST(Drone014Trace, CountsAMovedResizeOnceWhereItIsLoggedTwice) {
    // 12 taken; grown to 28 by a move: grow, take 28, give back 12.
    const reading r(drone_0_14(
        {0xA100'0000,
         0xA200'000C,
         0xB100'0000,
         0xB20C'0000,
         0xB300'001C,
         0xA100'0000,
         0xA200'001C,
         0xD100'0000,
         0xD200'000C}
    ));
    EXPECT_THAT(
        r.usage.rows(), ElementsAre(usage::size_usage{12, 1, 1}, usage::size_usage{28, 1, 1})
    );
    EXPECT_EQ(r.found.freed_unknown, 0);
}

TEST(Drone014Trace, SaysThatSizesMayHaveLostBits) {
    EXPECT_EQ(reading(drone_0_14({0xA100'0000, 0xA200'000C})).found.notices.size(), 1);
    EXPECT_EQ(reading(drone_0_14({0xA100'0012, 0xA200'000C})).found.notices.size(), 0);
}

TEST(Drone2022Trace, ReadsByteRecords) {
    const auto record = [](char op, std::uint32_t size) { return op + bytes_of({{size}}); };
    const reading r(
        record(0, 12) + record(0, 300) + record(2, 12) + bytes_of({{28}}) + record(1, 300)
    );
    EXPECT_EQ(r.found.format, format::drone_2022);
    EXPECT_THAT(
        r.usage.rows(),
        ElementsAre(
            usage::size_usage{12, 1, 1}, usage::size_usage{28, 1, 1}, usage::size_usage{300, 1, 1}
        )
    );
}

} // namespace
} // namespace drone::trace

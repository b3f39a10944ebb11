// SPDX-License-Identifier: MIT

#include "trace_writer.hpp"
#include "usage/make_demand.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::trace {
namespace {

using ::testing::ElementsAre;

TEST(AllocationLog, ReadsEventsAroundCommentsAndTime) {
    const reading r("# made by hand\n\n a x 12\nt 100\na y 12 64\r\nf x\n");
    EXPECT_EQ(r.found.format, format::allocation_log);
    EXPECT_THAT(r.usage.rows(), ElementsAre(usage::size_usage{12, 2, 2}));
    EXPECT_EQ(r.found.events, 3);
}

TEST(AllocationLog, CountsUnknownFreesAndDoubledIds) {
    const reading r("a x 12\na x 16\nf x\nf x\nf y\n");
    EXPECT_EQ(r.found.freed_unknown, 2);
    EXPECT_EQ(r.found.notices.size(), 1);
    EXPECT_EQ(r.usage.peak_bytes(), 16);
}

TEST(AllocationLog, LeavesOutLinesThatSayNothing) {
    const reading r("a x 12\nnonsense\na y\nf x\n");
    EXPECT_EQ(r.found.damaged, 2);
    EXPECT_THAT(r.found.notices, ElementsAre(::testing::HasSubstr("Line 2")));
}

TEST(AllocationLog, TakesTheNewBlockOfAResizeBeforeItGivesBackTheOld) {
    const temporary_file file("a x 12\nr x 28\nf x\n");
    const auto made = usage::make_demand(*source::open(file.path()));
    ASSERT_TRUE(made);
    EXPECT_THAT(
        made->classes, ElementsAre(usage::request_class{12, 4}, usage::request_class{28, 4})
    );
    EXPECT_THAT(
        made->steps,
        ElementsAre(
            usage::step::take(0),
            usage::step::take(1),
            usage::step::give_back(0),
            usage::step::give_back(1)
        )
    );
    EXPECT_THAT(made->blocks, ElementsAre(0, 1, 0, 1));
}

} // namespace
} // namespace drone::trace

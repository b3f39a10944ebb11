// SPDX-License-Identifier: MIT

#include "trace_writer.hpp"
#include "usage/analysis.hpp"
#include "usage/make_demand.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace drone::trace {
namespace {

using ::testing::ElementsAre;

TEST(AllocationLog, ReadsEventsAroundCommentsAndTime) {
    const reading r("# made by hand\n\n a x 12\nt 100\na y 12 64\r\nf x\n");
    EXPECT_EQ(r.found.format, format::allocation_log);
    EXPECT_THAT(r.usage.rows(), ElementsAre(usage::size_usage{12, 2, 2}));
    EXPECT_EQ(r.found.events, 3);
}

TEST(AllocationLog, MayBeginWithAByteOrderMark) {
    const reading r("\xEF\xBB\xBF"
                    "a x 12\nf x\n");
    EXPECT_EQ(r.found.events, 2);
    EXPECT_EQ(r.found.damaged, 0);
}

TEST(AllocationLog, CountsUnknownFreesAndDoubledIds) {
    const reading r("a x 12\na x 16\nf x\nf x\nf y\n");
    EXPECT_EQ(r.found.freed_unknown, 2);
    EXPECT_EQ(r.found.notices.size(), 1);
    EXPECT_EQ(r.usage.peak_bytes(), 16);
}

TEST(AllocationLog, SuspectsADoubleFreeOfAnIdThatWasGivenBack) {
    const reading r("a 2 20\nr 2 40\nf 2\nf 2\nf 3\n");
    EXPECT_EQ(r.found.suspected_double_frees, 1);
    EXPECT_EQ(r.found.freed_unknown, 1);
    EXPECT_EQ(r.found.first_double_free, (double_free{4, "the block 2"}));
    const reading moved("a 2 20\nr 2 40 5\nf 2\nf 5\n");
    EXPECT_EQ(moved.found.first_double_free, (double_free{3, "the block 2"}));
    EXPECT_EQ(moved.found.suspected_double_frees, 1);
    EXPECT_EQ(reading("a 2 20\nf 2\na 2 20\nf 2\n").found.suspected_double_frees, 0);
}

TEST(AllocationLog, LeavesOutLinesThatSayNothing) {
    const reading r("a x 12\nnonsense\na y\nf x\n");
    EXPECT_EQ(r.found.damaged, 2);
    EXPECT_EQ(r.found.gaps, 2); // each may have been an event
    EXPECT_THAT(r.found.notices, ElementsAre(::testing::HasSubstr("Line 2")));
}

TEST(AllocationLog, AsksForAResizeAndTheHeapDecidesWhetherItMoves) {
    const temporary_file file("a x 12\nr x 28\nf x\n");
    const auto made = usage::make_demand(*source::open(file.path()));
    ASSERT_TRUE(made);
    EXPECT_THAT(
        made->classes, ElementsAre(usage::request_class{12, 8}, usage::request_class{28, 8})
    );
    EXPECT_THAT(
        made->steps,
        ElementsAre(
            usage::step::take(usage::class_number{0}),
            usage::step::give_back(usage::class_number{0}),
            usage::step::take(usage::class_number{1}),
            usage::step::give_back(usage::class_number{1})
        )
    );
    EXPECT_EQ(made->blocks, std::vector<block_number>(4)); // all of them number 0
    EXPECT_THAT(made->resizes, ElementsAre(1));
}

TEST(AllocationLog, HasStacksAndTheModulesOfTheirCode) {
    const reading r("m 0x5000 0x6000 0x4000 abcd /bin/my app\nm 0x9000 0x9100 0x9000 - /l/libq.so\n"
                    "s one 0x9004 0x5010\na 1 8 @one\ns two 0x5010 0x77 ...\na 2 8 @two\n"
                    "s one 0x5010\na 3 8 @one\na 4 8 @0x5010\nr 1 16 @two\n");
    const findings& found = r.found;
    EXPECT_EQ(found.damaged, 0);
    EXPECT_EQ(
        found.modules, (std::vector<code_module>{{"/bin/my app", "abcd"}, {"/l/libq.so", ""}})
    );
    ASSERT_EQ(found.stacks.size(), 2);
    EXPECT_TRUE(found.stacks[0].is_whole);
    EXPECT_FALSE(found.stacks[1].is_whole);
    const auto name = [&](std::size_t stack, std::size_t frame) {
        return found.callers.at(found.stacks[stack].frames.at(frame)).at(0);
    };
    EXPECT_EQ(name(0, 0), "libq.so+0x4");
    EXPECT_EQ(name(0, 1), "my app+0x1010");
    EXPECT_EQ(name(1, 1), "0x77");
}

TEST(AllocationLog, SaysThatALineOfAStackIsNone) {
    for (const std::string line :
         {"s one",
          "s one 0xz",
          "s one ...",
          "s one 0x10 ... 0x20",
          "m 1 2 3 -",
          "m x 2 3 - /a",
          "a 7 8 @nobody"}) {
        const reading r("a 1 8\n" + line + "\n");
        EXPECT_EQ(r.found.damaged, 1) << line;
        EXPECT_EQ(r.found.events, 1) << line;
    }
}

/// Any lines, of few IDs: frees of what is not live, IDs taken twice, resizes of both are among them.
RC_GTEST_PROP(
    AllocationLog,
    HasAsManyEventsForEveryoneWhoCounts,
    (const std::vector<std::pair<std::uint8_t, std::uint8_t>>& lines)
) {
    std::string text = "a first 1\n";
    for (const auto& [what, which] : lines) {
        const std::string id = " " + std::to_string(which % 4);
        const std::string other = " " + std::to_string(which / 4 % 4);
        const std::string size = " " + std::to_string(which);
        const std::array kinds = {
            "a" + id + size, "f" + id, "r" + id + size, "r" + id + size + other
        };
        text += kinds[what % kinds.size()] + "\n";
    }
    const temporary_file file(text);
    const auto from = *source::open(file.path());
    usage::statistics statistics;
    const auto found = *from.read(statistics);
    usage::analysis analysis(statistics.peak_event());
    RC_ASSERT(from.read(analysis).has_value());
    const auto demand = *usage::make_demand(from);
    RC_ASSERT(found.events == lines.size() + 1);
    RC_ASSERT(statistics.events() == found.events);
    RC_ASSERT(analysis.events() == found.events);
    RC_ASSERT(event_count(demand) == found.events);
    std::uint64_t last = 1;
    for (std::size_t step = 0; step < demand.steps.size(); ++step) {
        const std::uint64_t event = event_number(demand, step);
        RC_ASSERT(event >= last && event <= found.events);
        last = event;
    }
}

} // namespace
} // namespace drone::trace

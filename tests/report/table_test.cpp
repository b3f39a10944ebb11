// SPDX-License-Identifier: MIT

#include "report/table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace drone::report {
namespace {

void use(usage::statistics& usage, std::uint32_t size, int load, int total) {
    for (int i = 0; i < load; ++i)
        usage.on_changes(std::array{trace::change{.size = size}});
    for (int i = load; i < total; ++i) {
        usage.on_changes(std::array{trace::change{.size = size, .gives_back = true}});
        usage.on_changes(std::array{trace::change{.size = size}});
    }
}

TEST(UsageTable, IsTheSeedsTableDigitForDigit) {
    usage::statistics usage;
    use(usage, 1, 1, 1);
    use(usage, 12, 3, 7);
    use(usage, 28, 1, 2);
    use(usage, 32, 1, 1);
    use(usage, 128, 1, 2);
    EXPECT_EQ(
        usage_table(usage, 10240),
        " Block Size | Max Load | Total Allocations\n"
        "------------+----------+-------------------\n"
        "          1 |        1 |                 1\n"
        "         12 |        3 |                 7\n"
        "         28 |        1 |                 2\n"
        "         32 |        1 |                 1\n"
        "        128 |        1 |                 2\n"
        "\n"
        "Maximum memory usage: 225 / 2.20%\n"
        "Peak live memory: 225 / 2.20%\n"
    );
}

TEST(UsageTable, LeavesOutSharesOfAnUnknownHeap) {
    usage::statistics usage;
    use(usage, 12, 1, 1);
    EXPECT_NE(
        usage_table(usage, std::nullopt).find("usage: 12\nPeak live memory: 12\n"),
        std::string::npos
    );
}

TEST(UsageTable, GrowsWithItsContent) {
    usage::statistics usage;
    use(usage, 4'000'000'000, 1, 1);
    use(usage, 1, 1, 12);
    EXPECT_NE(usage_table(usage, std::nullopt).find(" 4000000000 |        1 |"), std::string::npos);
}

TEST(UsageTable, SaysThatTheMaximumIsASumOfPeaksAndGivesItNoShareAboveAll) {
    usage::statistics usage;
    const trace::change small{.block = trace::block_number{0}, .size = 60};
    trace::change freed = small;
    freed.gives_back = true;
    usage.on_changes(
        std::array{small, freed, trace::change{.block = trace::block_number{0}, .size = 80}}
    );
    const auto ends = [&](std::uint64_t heap_size, const std::string& with) {
        const std::string sum =
            "(Maximum memory usage adds up the peaks of all sizes, which were at "
            "different times" +
            std::string(heap_size < 140 ? "; so it may exceed the heap" : "") + ".)\n";
        EXPECT_THAT(usage_table(usage, heap_size), testing::EndsWith(with + sum)) << heap_size;
    };
    ends(200, "Maximum memory usage: 140 / 70.00%\nPeak live memory: 80 / 40.00%\n");
    ends(100, "Maximum memory usage: 140\nPeak live memory: 80 / 80.00%\n");
    // A heap that does not hold.
    ends(40, "Maximum memory usage: 140\nPeak live memory: 80 / 200.00%\n");
}

TEST(Columns, HaveAShortLineBelowALongLastColumn) {
    const std::string table = columns({"Bytes", "Caller"}, {{"8", std::string(1000, 'x')}}, 1);
    EXPECT_THAT(table, testing::HasSubstr("\n-------+" + std::string(42, '-') + "\n"));
    EXPECT_THAT(table, testing::HasSubstr(std::string(1000, 'x')));
}

TEST(Columns, FitTheTerminalByTheirLastOne) {
    EXPECT_EQ(
        columns({"Bytes", "Caller"}, {{"8", "app::read at a_long_file.cpp:12"}}, 1, 36),
        " Bytes | Caller\n"
        "-------+----------------------------\n"
        "     8 | app::read at a_long_fil...\n"
    );
    EXPECT_THAT(
        columns({"Bytes", "Caller"}, {{"8", "app::read at a_long_file.cpp:12"}}, 1),
        testing::EndsWith(" at a_long_file.cpp:12\n")
    );
}

TEST(Columns, CountAndCutCharactersNotBytes) {
    EXPECT_EQ(
        columns(
            {"Bytes", "Caller"}, {{"8", "lädt größe"}, {"9", "größeäöüßgrößeäöüßgröße"}}, 1, 29
        ),
        " Bytes | Caller\n"
        "-------+---------------------\n"
        "     8 | lädt größe\n"
        "     9 | größeäöüßgrößeäöü...\n"
    );
}

} // namespace
} // namespace drone::report

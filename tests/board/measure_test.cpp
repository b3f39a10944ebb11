// SPDX-License-Identifier: MIT

#include "board/measure.hpp"
#include "machine.hpp"

#include <gmock/gmock.h>

namespace drone::board::test {
namespace {

using ::testing::ElementsAre;

std::vector<std::uint64_t> counted(machine& board, std::string_view name) {
    std::vector<std::uint64_t> counts;
    call_meter meter(*board, {board.address_of(name)}, [&](const call& done) {
        counts.push_back(done.instructions);
    });
    EXPECT_EQ(board.run().why, run_end::kind::exited);
    return counts;
}

TEST(CallMeter, CountsStraightCode) {
    machine board("routines");
    EXPECT_THAT(counted(board, "four_instructions"), ElementsAre(4));
}

TEST(CallMeter, CountsInstructionsWhoseConditionFails) {
    machine board("routines");
    EXPECT_THAT(counted(board, "conditional"), ElementsAre(7, 7));
}

TEST(CallMeter, CountsLoopsAndCallsInside) {
    machine loops("routines");
    EXPECT_THAT(counted(loops, "looping"), ElementsAre(21, 201, 11));
    machine outer("routines");
    EXPECT_THAT(counted(outer, "outer"), ElementsAre(14));
}

TEST(CallMeter, TakesInterruptsOff) {
    machine board("routines");
    board.run_to("looping");
    board->pend_at(board->instructions() + 5, 0);
    board->pend_at(board->instructions() + 9, 1); // nested in the first
    EXPECT_THAT(counted(board, "looping"), ElementsAre(21, 201, 11));
    EXPECT_EQ(board.variable("interrupts"), 1U);
    EXPECT_EQ(board.variable("nested"), 1U);
}

TEST(CallMeter, TellsArgumentsResultAndException) {
    machine board("routines");
    std::vector<call> calls;
    call_meter meter(
        *board,
        {board.address_of("four_instructions"), board.address_of("interrupt_handler")},
        [&](const call& done) { calls.push_back(done); }
    );
    board.run_to("four_instructions");
    board->pend_at(board->instructions() + 2, 1);
    EXPECT_EQ(board.run().status, 0);
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(calls[0].function, 1U);
    EXPECT_EQ(calls[0].arguments[0], 1U);
    EXPECT_EQ(calls[0].exception, 17U);
    EXPECT_EQ(calls[1].function, 0U);
    EXPECT_THAT(
        std::vector(calls[1].arguments.begin(), calls[1].arguments.begin() + 2), ElementsAre(1, 2)
    );
    EXPECT_EQ(calls[1].result, 3U);
    EXPECT_EQ(calls[1].exception, 0U);
    EXPECT_EQ(calls[1].instructions, 4U);
    EXPECT_GT(calls[1].returned - calls[1].entered, 4U + calls[0].instructions);
}

TEST(StretchMeter, CountsFromOneSymbolToAnother) {
    machine board("routines");
    // push, bl, and then the loop begins
    stretch_meter meter(*board, board.address_of("outer"), board.address_of("looping"));
    EXPECT_EQ(board.run().why, run_end::kind::exited);
    EXPECT_EQ(meter.counts().total(), 1U);
    EXPECT_EQ(meter.counts().max(), 2U);
}

TEST(MaskMeter, FindsTheLongestMaskedRun) {
    machine board("routines");
    mask_meter meter(*board);
    EXPECT_EQ(board.run().why, run_end::kind::exited);
    EXPECT_EQ(meter.longest(), 3U);
    EXPECT_EQ(meter.longest_at(), board.address_of("masked") + 2);
}

TEST(Distribution, QuantileIsTheLeastValueThatEnoughDoNotExceed) {
    distribution counts;
    for (std::uint64_t value = 1; value <= 1000; ++value)
        counts.add(value);
    EXPECT_EQ(counts.quantile(999), 999U);
    EXPECT_EQ(counts.quantile(500), 500U);
    EXPECT_EQ(counts.min(), 1U);
    EXPECT_EQ(counts.max(), 1000U);
    EXPECT_DOUBLE_EQ(counts.mean(), 500.5);
    EXPECT_EQ(distribution{}.quantile(999), 0U);
}

} // namespace
} // namespace drone::board::test

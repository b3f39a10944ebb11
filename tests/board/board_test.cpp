// SPDX-License-Identifier: MIT

#include "machine.hpp"

#include <gmock/gmock.h>

namespace drone::board::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Board, SendsWhatTheFirmwareWrites) {
    machine board("hello", plain());
    EXPECT_EQ(board.run().why, run_end::kind::exited);
    EXPECT_EQ(port_bytes(board.sent, 0), "hello, board\n");
}

TEST(Board, SendsNothingOnAPortThatTheProbeLeftClosed) {
    machine board("hello", plain(0xFFFF'FFFE));
    EXPECT_EQ(board.run().status, 0);
    EXPECT_TRUE(board.sent.empty());
}

TEST(Board, RepeatsItselfBitForBit) {
    board_setup setup;
    setup.probe->timestamps = true;
    setup.probe->exception_trace = true;
    machine first("nesting", setup);
    machine second("nesting", setup);
    EXPECT_EQ(first.run().status, 0);
    EXPECT_EQ(second.run().status, 0);
    EXPECT_EQ(first.sent, second.sent);
    EXPECT_EQ(first->now(), second->now());
}

TEST(Board, RegistersOfTheTraceBehaveAsTheManualSays) {
    machine board("registers", plain(0x8000'0001));
    const run_end end = board.run();
    EXPECT_EQ(end.why, run_end::kind::exited);
    EXPECT_EQ(end.status, 0) << "the number of the check that failed";
}

TEST(Board, LeavesTheTraceOffWhenNoProbeIsAttached) {
    board_setup setup;
    setup.probe.reset();
    machine board("silence", setup);
    const run_end end = board.run();
    EXPECT_EQ(end.why, run_end::kind::idle);
    EXPECT_THAT(end.message, HasSubstr("nothing is set up to wake it"));
    EXPECT_TRUE(board.sent.empty());
    EXPECT_EQ(board.variable("told"), 1U);
}

TEST(Board, SaysThatPacketsWereLostWhenTheFirmwareDoesNotWait) {
    machine board("flood", plain());
    EXPECT_EQ(board.run().status, 0);
    std::size_t overflows = 0;
    std::size_t words = 0;
    for (std::size_t i = 0; i < board.sent.size();) {
        if (board.sent[i] == 0x70) {
            ++overflows;
            i += 1;
        } else {
            ASSERT_EQ(board.sent[i], 2 << 3 | 3);
            ++words;
            i += 5;
        }
    }
    EXPECT_GE(overflows, 1U);
    EXPECT_LT(words, 1000U);
    EXPECT_GT(words, 3U);
    EXPECT_THAT(
        std::vector(board.sent.end() - 4, board.sent.end()), ElementsAre(255, 255, 255, 255)
    );
}

TEST(Board, ExceptionsNestByPriorityAndKeepFloatingPointRegisters) {
    machine board("nesting", plain());
    const run_end end = board.run();
    EXPECT_EQ(end.why, run_end::kind::exited) << end.message;
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(board->deepest_nesting(), 3U);
}

TEST(Board, ExceptionTraceTellsEveryEntryAndReturn) {
    board_setup setup = plain();
    setup.probe->exception_trace = true;
    setup.probe->baud = setup.cpu_hz; // a pin that keeps up with handlers this short
    machine board("nesting", setup);
    EXPECT_EQ(board.run().status, 0);
    // 14 PendSV, 15 SysTick, 16 + 28 TIM2; 1 enter, 2 exit, 3 return to.
    EXPECT_THAT(
        board.sent,
        ElementsAre(
            0x0E,
            14,
            0x10,
            0x0E,
            15,
            0x10,
            0x0E,
            44,
            0x10,
            0x0E,
            44,
            0x20,
            0x0E,
            15,
            0x30,
            0x0E,
            15,
            0x20,
            0x0E,
            14,
            0x30,
            0x0E,
            14,
            0x20,
            0x0E,
            0,
            0x30
        )
    );
}

TEST(Board, SynchronizesAtTheTapOfTheCycleCounter) {
    board_setup setup;
    setup.probe->ports = 0;
    machine board("endless", setup);
    constexpr std::uint64_t tap_cycles = 1U << 24U;
    EXPECT_EQ(board.run({.cycles = tap_cycles - 1}).why, run_end::kind::limit);
    EXPECT_TRUE(board.sent.empty());
    EXPECT_EQ(board.run({.cycles = 2 * tap_cycles + 1'000}).why, run_end::kind::limit);
    EXPECT_THAT(board.sent, ElementsAre(0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0x80));
}

TEST(Board, RefusesABaudRateThatThePrescalerCannotMake) {
    board_listener nobody;
    std::vector<std::uint8_t> flash(flash_size, 0);
    board_setup setup;
    setup.probe->baud = 9'600;
    const auto made = virtual_board::make(setup, flash, nobody);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("from 20508 to 168000000 baud"));
}

TEST(Board, FramesTheTraceWhereTheFormatterIsOn) {
    board_setup setup = plain();
    setup.probe->frames = true;
    machine board("hello", setup);
    EXPECT_EQ(board.run().status, 0);
    ASSERT_EQ(board.sent.size() % 16, 0U);
    EXPECT_EQ(board.sent[0], 1 << 1 | 1); // source 1
    EXPECT_EQ(board.sent[1], 0x03);
}

TEST(Board, EndsAfterTheCyclesAllowed) {
    machine board("routines");
    const run_end end = board.run({.cycles = 50});
    EXPECT_EQ(end.why, run_end::kind::limit);
    EXPECT_EQ(board->now(), 50U);
    EXPECT_EQ(board.run({.cycles = std::nullopt}).why, run_end::kind::exited);
}

TEST(Board, GoesOnFromASnapshotAsItDidBefore) {
    machine board("nesting", plain());
    static_cast<void>(board->run({.cycles = 300}));
    const snapshot moment = board->save();
    EXPECT_EQ(board.run().status, 0);
    const std::uint64_t ended = board->now();
    board->restore(moment);
    EXPECT_EQ(board->now(), 300U);
    EXPECT_EQ(board.run().status, 0);
    EXPECT_EQ(board->now(), ended);
}

TEST(Board, StartsAgainAfterAReset) {
    machine board("hello", plain());
    static_cast<void>(board->run({.cycles = 200}));
    ASSERT_TRUE(board->reset());
    EXPECT_EQ(board.run().status, 0);
    EXPECT_THAT(port_bytes(board.sent, 0), ::testing::EndsWith("hello, board\n"));
}

struct wrong_turn {
    std::uint32_t how;
    const char* says;
};

class Fault : public ::testing::TestWithParam<wrong_turn> {};

TEST_P(Fault, EndsTheRunAndSaysWhere) {
    machine board("faults");
    board.set_variable("how", GetParam().how);
    const run_end end = board.run();
    // The firmware's own default handler stops with 1; a breakpoint ends the run at once.
    EXPECT_EQ(end.status, 1);
    const std::string told = board.notes.empty() ? end.message : board.notes.front();
    EXPECT_THAT(told, HasSubstr(GetParam().says));
    EXPECT_THAT(told, HasSubstr("pc 0x"));
    EXPECT_THAT(told, HasSubstr("stack: "));
}

INSTANTIATE_TEST_SUITE_P(
    Board,
    Fault,
    ::testing::Values(
        wrong_turn{1, "read of 0x50000000"},
        wrong_turn{2, "write to 0x08000000"},
        wrong_turn{3, "undefined instruction"},
        wrong_turn{4, "instruction fetch from 0x60000000"},
        wrong_turn{5, "breakpoint instruction"},
        wrong_turn{6, "the heap is exhausted: no memory for 72 bytes at pc"},
        wrong_turn{7, "the heap was misused: a block given back twice, at 0x00000020 at pc"},
        wrong_turn{8, "trap (udf #255"},
        wrong_turn{9, "the heap is exhausted: no memory for 1234 bytes"},
        wrong_turn{10, "the heap was misused: a block given back twice, at 0x20"},
        wrong_turn{11, "the heap was misused: a request before it was initialized"}
    ),
    [](const auto& turn) { return std::to_string(turn.param.how); }
);

TEST(Board, RefusesAnEmptyFlash) {
    board_listener nobody;
    const auto made = virtual_board::make({}, std::vector<std::uint8_t>(flash_size, 0xFF), nobody);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("the flash is empty"));
}

TEST(Board, RefusesAVectorTableThatIsNone) {
    board_listener nobody;
    const auto made = virtual_board::make({}, std::vector<std::uint8_t>(flash_size, 0), nobody);
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("is not a Thumb address"));
}

} // namespace
} // namespace drone::board::test

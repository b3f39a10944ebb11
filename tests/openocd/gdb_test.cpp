// SPDX-License-Identifier: MIT

// gdb-multiarch debugs the board through OpenOCD and its ST-Link driver.

#include "session.hpp"

namespace drone::board::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class Gdb : public StLink {};

INSTANTIATE_TEST_SUITE_P(
    ,
    Gdb,
    ::testing::Values(transport::dap_direct, transport::high_level),
    [](const auto& tested) { return name_of(tested.param); }
);

const std::string load = "monitor reset halt\nload\nmonitor reset halt\n";

TEST_P(Gdb, LoadsAndBreaksAtMain) {
    ASSERT_EQ(
        gdb(GetParam(), "stream", load + "compare-sections\nbreak main\ncontinue\nbacktrace"), 0
    ) << said;
    EXPECT_THAT(said, HasSubstr("matched."));
    EXPECT_THAT(said, Not(HasSubstr("MIS-MATCHED")));
    EXPECT_THAT(said, HasSubstr("#0  main ()"));
    EXPECT_EQ(flash(), image_of("stream"));
}

TEST_P(Gdb, StopsAtABreakpointEachTimeAndReturnsFromThere) {
    ASSERT_EQ(
        gdb(GetParam(),
            "stream",
            load + "break send_word\ncontinue\ncontinue\ncontinue\nprint number\nbacktrace\n"
                   "set trace-commands on\nfinish\nprint sent"),
        0
    ) << said;
    EXPECT_THAT(said, HasSubstr("$1 = 3"));
    EXPECT_THAT(said, ContainsRegex("#1 +0x[0-9a-f]+ in main \\(\\)"));
    EXPECT_THAT(said, HasSubstr("$2 = 3"));
}

TEST_P(Gdb, StepsOneInstruction) {
    ASSERT_EQ(
        gdb(GetParam(),
            "routines",
            load +
                "break *four_instructions\ncontinue\n"
                "set $r0 = 5\nset $r1 = 7\nset $r2 = 1\n"
                "print $r0\nstepi\nprint $r0\nstepi\nprint $r0\nprint $pc - (int)&four_instructions"
        ),
        0
    ) << said;
    EXPECT_THAT(said, HasSubstr("$1 = 5\n"));
    EXPECT_THAT(said, HasSubstr("$2 = 12\n"));
    EXPECT_THAT(said, HasSubstr("$3 = 13\n"));
}

TEST_P(Gdb, ChangesRegistersAndMemory) {
    ASSERT_EQ(
        gdb(GetParam(),
            "stream",
            load + "break send_word\ncontinue\n"
                   "set $s3 = 0x40490FDB\nprint/x $xPSR >> 24\nset $r4 = 0xCAFE\nprint/x $r4\n"
                   "set variable sent = 0x1234\nprint/x sent\nmonitor reg s3"),
        0
    ) << said;
    EXPECT_THAT(said, HasSubstr("= 0xcafe"));
    EXPECT_THAT(said, HasSubstr("= 0x1234"));
}

// A temporary breakpoint in RAM is an instruction that gdb writes there.
TEST_P(Gdb, CallsAFunctionOfTheFirmware) {
    ASSERT_EQ(
        gdb(GetParam(),
            "routines",
            load +
                "break main\ncontinue\nprint ((unsigned(*)(unsigned))looping)(10)\n"
                "print ((unsigned(*)(unsigned))conditional)(0)\nprint ((unsigned(*)(unsigned))conditional)(1)"
        ),
        0
    ) << said;
    EXPECT_THAT(said, HasSubstr("$2 = 11\n"));
    EXPECT_THAT(said, HasSubstr("$3 = 22\n"));
}

TEST_P(Gdb, HaltsAProgramThatRuns) {
    ASSERT_EQ(
        gdb(GetParam(),
            "endless",
            load +
                "monitor resume\nmonitor halt\nmaintenance flush register-cache\nprint $pc > 0x08000000\n"
                "backtrace 1"),
        0
    ) << said;
    EXPECT_THAT(said, HasSubstr("$1 = true"));
}

TEST_P(Gdb, StopsAtTheEndOfTheProgramWithItsStatus) {
    ASSERT_EQ(
        gdb(GetParam(), "hello", load + "monitor arm semihosting enable\ncontinue\nx/i $pc"), 0
    ) << said;
    EXPECT_THAT(said, HasSubstr("semihosting: *** application exited with 0 ***"));
}

// Without the access port OpenOCD offers no vector catch.
TEST_F(Session, SeesAFaultWhereItHappened) {
    ASSERT_EQ(
        gdb(transport::dap_direct,
            "faulting",
            load + "monitor cortex_m vector_catch hard_err bus_err\ncontinue\nbacktrace"),
        0
    ) << said;
    EXPECT_THAT(said, HasSubstr("<signal handler called>"));
    EXPECT_THAT(said, HasSubstr("main ()"));
}

} // namespace
} // namespace drone::board::test

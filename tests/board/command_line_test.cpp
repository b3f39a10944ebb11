// SPDX-License-Identifier: MIT

// drone-board as other programs call it.

#include "machine.hpp"
#include "paths.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sys/wait.h>

namespace drone::board::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CommandLine : public ::testing::Test {
protected:
    void SetUp() override {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    /// Runs a shell command with `drone-board` in it; leaves what it printed in `out` and `err`.
    int shell(const std::string& command) {
        const std::string whole = "cd " + folder.string() +
                                  " && PATH=" DRONE_BINARY_DIR "/bin:$PATH && (" + command +
                                  ") >out 2>err";
        const int status = std::system(whole.c_str());
        out = content("out");
        err = content("err");
        return WEXITSTATUS(status);
    }
    [[nodiscard]] std::string content(const std::string& name) const {
        std::ifstream stream(folder / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    int flash(const std::string& name) {
        return shell("drone-board flash --flash-file f " + firmware_path(name).string());
    }

    std::filesystem::path folder =
        std::filesystem::path(::testing::TempDir()) /
        (std::string("board_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::string out;
    std::string err;
};

TEST_F(CommandLine, FlashThenRunAreSeparateActs) {
    ASSERT_EQ(flash("hello"), 0) << err;
    EXPECT_THAT(err, EndsWith("bytes written and verified\n"));
    for (int time = 0; time < 2; ++time) {
        EXPECT_EQ(shell("drone-board run --flash-file f --sync none"), 0) << err;
        EXPECT_EQ(port_bytes({out.begin(), out.end()}, 0), "hello, board\n");
        EXPECT_EQ(err, "");
    }
}

TEST_F(CommandLine, WritesTheTraceToAFile) {
    ASSERT_EQ(flash("hello"), 0);
    EXPECT_EQ(shell("drone-board run --flash-file f --swo s --sync none --ports 0x1"), 0);
    const std::string sent = content("s");
    EXPECT_EQ(port_bytes({sent.begin(), sent.end()}, 0), "hello, board\n");
    EXPECT_EQ(out, "");
}

TEST_F(CommandLine, PassesTheFirmwaresStatusOn) {
    ASSERT_EQ(flash("routines"), 0);
    EXPECT_EQ(shell("drone-board run --flash-file f"), 0) << err;
    ASSERT_EQ(flash("registers"), 0);
    EXPECT_EQ(shell("drone-board run --flash-file f --ports none"), 1); // its checks fail
}

TEST_F(CommandLine, CountsTheFaultsOfAFirmwareThatFaultsForEver) {
    ASSERT_EQ(flash("faulting"), 0);
    EXPECT_EQ(shell("drone-board run --flash-file f --max-instructions 1000000"), 1);
    EXPECT_EQ(std::ranges::count(err, '\n'), 9) << err;
    const std::string last = err.substr(err.rfind('\n', err.size() - 2) + 1);
    EXPECT_THAT(last, HasSubstr(" faults, the first: undefined instruction (udf #0) at pc"));
    EXPECT_GT(std::stoull(last.substr(last.find(' '))), 1000U);
}

TEST_F(CommandLine, LeavesOutWhatAFirmwareWritesBySemihosting) {
    ASSERT_EQ(flash("talking"), 0);
    EXPECT_EQ(shell("drone-board run --flash-file f --max-instructions 10000"), 0);
    EXPECT_THAT(err, HasSubstr("so I say\nso I say\n"));
    EXPECT_EQ(shell("drone-board run --flash-file f --max-instructions 10000 --no-text"), 0);
    EXPECT_EQ(err, "drone-board: stopped after 10000 cycles\n");
}

TEST_F(CommandLine, RefusesAFirmwareForAnotherMachine) {
    EXPECT_EQ(shell("drone-board flash --flash-file f " DRONE_BINARY_DIR "/bin/drone-board"), 1);
    EXPECT_THAT(err, AllOf(StartsWith("drone-board: "), HasSubstr("built for")));
    EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1);
}

TEST_F(CommandLine, SaysThatNothingIsFlashed) {
    EXPECT_EQ(shell("drone-board run --flash-file nothing"), 1);
    EXPECT_THAT(err, HasSubstr("flash a firmware first"));
}

TEST_F(CommandLine, WrongUsageIsTwo) {
    EXPECT_EQ(shell("drone-board"), 2);
    EXPECT_EQ(shell("drone-board run"), 2);
    EXPECT_EQ(shell("drone-board run --flash-file f --cpu m7"), 2);
    EXPECT_EQ(shell("drone-board --help"), 0);
}

TEST_F(CommandLine, RefusesPortsThatAreNoMask) {
    ASSERT_EQ(flash("hello"), 0);
    for (const char* ports : {"seven", "0x1FFFFFFFF", "1x", "''"}) {
        EXPECT_EQ(shell(std::string("drone-board run --flash-file f --ports ") + ports), 1)
            << ports;
        EXPECT_THAT(err, HasSubstr("give a 32-bit mask"));
    }
}

TEST_F(CommandLine, ADeadPipeEndsTheRunQuietly) {
    ASSERT_EQ(flash("flood"), 0);
    EXPECT_EQ(shell("(drone-board run --flash-file f; echo $? > status) | true"), 0);
    EXPECT_EQ(content("status"), "0\n");
    EXPECT_EQ(err, "");
}

TEST_F(CommandLine, AFullDiskIsAnError) {
    ASSERT_EQ(flash("hello"), 0);
    EXPECT_EQ(shell("drone-board run --flash-file f --swo /dev/full"), 1);
    EXPECT_THAT(err, HasSubstr("No space left on device"));
}

TEST_F(CommandLine, AnIdleBoardEndsWithANote) {
    ASSERT_EQ(flash("hello"), 0);
    EXPECT_EQ(shell("drone-board run --flash-file f --no-probe"), 0);
    EXPECT_EQ(out, "");
    EXPECT_THAT(err, HasSubstr("nothing is set up to wake it"));
}

TEST_F(CommandLine, EndsAfterSoManyCycles) {
    ASSERT_EQ(flash("hello"), 0);
    EXPECT_EQ(shell("drone-board run --flash-file f --max-instructions 10"), 0);
    EXPECT_THAT(err, HasSubstr("stopped after 10 cycles"));
}

TEST_F(CommandLine, SavesTheRamAsItIsAtTheEnd) {
    ASSERT_EQ(flash("hello"), 0);
    EXPECT_EQ(shell("drone-board run --flash-file f --save-ram ram"), 0) << err;
    EXPECT_EQ(content("ram").size(), 192U * 1024);
    EXPECT_EQ(shell("drone-board run --flash-file f --save-ram /dev/full"), 1);
    EXPECT_THAT(err, HasSubstr("cannot write /dev/full: No space left on device"));
}

TEST_F(CommandLine, ResetSaysWhenNoBoardIsRunning) {
    EXPECT_EQ(shell("drone-board reset --flash-file f"), 0);
    EXPECT_THAT(err, HasSubstr("no board is running"));
}

// A board that waits for ever on a slow pin is reset, says the same again, and ends on Ctrl-C.
TEST_F(CommandLine, ResetAndCtrlCReachARunningBoard) {
    ASSERT_EQ(flash("endless"), 0);
    EXPECT_EQ(
        shell("drone-board run --flash-file f --swo s & board=$!; "
              "runs() { kill -0 $board || exit 9; }; "
              "until [ -S f.sock ]; do runs; done; "
              "drone-board run --flash-file f --swo second; echo $?; "
              "drone-board reset --flash-file f; "
              "until [ $(grep -ao boot s | wc -l) -ge 2 ]; do runs; done; "
              "kill -HUP $board; "
              "until [ $(grep -ao boot s | wc -l) -ge 3 ]; do runs; done; "
              "kill -INT $board; wait $board; echo $?"),
        0
    );
    EXPECT_EQ(out, "1\n0\n");
    EXPECT_THAT(err, AllOf(HasSubstr("already running"), HasSubstr("reset\n")));
    EXPECT_FALSE(std::filesystem::exists(folder / "f.sock"));
}

TEST_F(CommandLine, CountsAndLogsCallsBySymbol) {
    ASSERT_EQ(flash("routines"), 0);
    const std::string elf = firmware_path("routines").string();
    EXPECT_EQ(
        shell(
            "drone-board run --flash-file f --elf " + elf +
            " --count looping --count four_instructions --count-symbols outer:looping"
            " --longest-masked --report r --log-calls four_instructions --calls c"
        ),
        0
    ) << err;
    const std::string report = content("r");
    EXPECT_THAT(report, HasSubstr("\"looping\""));
    EXPECT_THAT(report, HasSubstr("\"max\": 201"));
    EXPECT_THAT(report, HasSubstr("\"outer:looping\""));
    EXPECT_THAT(report, HasSubstr("\"longest_masked\""));
    EXPECT_THAT(content("c"), HasSubstr(R"("result":3,"exception":0)"));
}

TEST_F(CommandLine, PendsAnInterruptWhereAsked) {
    ASSERT_EQ(flash("routines"), 0);
    const std::string elf = firmware_path("routines").string();
    EXPECT_EQ(
        shell(
            "drone-board run --flash-file f --elf " + elf +
            " --interrupt-at 20000000 --irq 0 --log-calls interrupt_handler --calls c"
        ),
        0
    );
    EXPECT_EQ(content("c"), ""); // the program is over before
}

TEST_F(CommandLine, MeasuringNeedsTheSymbols) {
    ASSERT_EQ(flash("routines"), 0);
    EXPECT_EQ(shell("drone-board run --flash-file f --count main"), 1);
    EXPECT_THAT(err, HasSubstr("needs --elf"));
    const std::string elf = firmware_path("routines").string();
    EXPECT_EQ(shell("drone-board run --flash-file f --count nobody --elf " + elf), 1);
    EXPECT_THAT(err, HasSubstr("no symbol nobody"));
    EXPECT_EQ(shell("drone-board run --flash-file f --count-symbols main --elf " + elf), 1);
    EXPECT_THAT(err, HasSubstr("give FROM:TO"));
}

} // namespace
} // namespace drone::board::test

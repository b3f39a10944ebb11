// SPDX-License-Identifier: MIT
#include "paths.hpp"
#include "tool.hpp"

#include <gmock/gmock.h>

namespace drone::cli {

namespace {

using testing::HasSubstr;
using Usage = Tool;

} // namespace

TEST_F(Usage, WrongEndsWithCode2AndOneLine) {
    const std::pair<const char*, const char*> lines[] = {
        {"", "drone: A subcommand is required; see `drone --help`\n"},
        {"bogus", "drone: \"bogus\" is not a command; see `drone --help`\n"},
        {"prnt layout",
         "drone: \"prnt\" is not a command; did you mean \"print\"?; see `drone --help`\n"},
        {"--bogus", "drone: --bogus is not an option; see `drone --help`\n"},
        {"print", "drone: A subcommand is required; see `drone print --help`\n"},
        {"print lay",
         "drone: \"lay\" is not a command; did you mean \"layout\"?; see `drone print --help`\n"},
        {"print layout --colour",
         "drone: --colour is not an option; see `drone print layout --help`\n"},
        {"heap --bogus", "drone: --bogus is not an option; see `drone heap --help`\n"},
        {"log --bogus", "drone: --bogus is not an option; see `drone log --help`\n"},
        {"heap generate --pool-cost x",
         "drone: --pool-cost: \"x\" is not a number; see `drone heap generate --help`\n"},
        {"flash", "drone: FIRMWARE is required; see `drone flash --help`\n"},
        {"new app", "drone: --board is required; see `drone new --help`\n"},
    };
    for (const auto& [arguments, message] : lines) {
        const outcome left = drone(arguments);
        EXPECT_EQ(left.code, 2) << arguments;
        EXPECT_EQ(left.err, message) << arguments;
        EXPECT_EQ(left.out, "") << arguments;
    }
}

TEST_F(Usage, HelpNamesEveryCommand) {
    const outcome left = drone("--help");
    EXPECT_EQ(left.code, 0);
    EXPECT_EQ(left.err, "");
    for (const char* const command : {"new", "flash", "reset", "gdb", "log", "heap", "print"})
        EXPECT_THAT(left.out, HasSubstr(std::string("\n  ") + command + " "));
}

TEST_F(Usage, AnOptionWithAnEmptyWordIsNotLeftOut) {
    write("heaptrace", "a 1 12\n");
    for (const char* const words :
         {"heap -f ''",
          "heap --elf ''",
          "heap -c ''",
          "heap replay --layout ''",
          "heap generate --keep ''",
          "log --input '' :0",
          "new x --board ''"}) {
        const outcome left = drone(words);
        EXPECT_EQ(left.code, 2) << words;
        EXPECT_EQ(left.out, "") << words;
        EXPECT_THAT(left.err, HasSubstr(": \"\" says nothing")) << words;
    }
}

TEST_F(Usage, AFileWithoutItsOptionIsRecognised) {
    write("heaptrace", "");
    EXPECT_EQ(
        drone("heap heaptrace").err,
        "drone: \"heaptrace\" is not a command; did you mean the file, -f heaptrace?; see `drone heap "
        "--help`\n"
    );
}

TEST_F(Usage, HelpIsACommandToo) {
    EXPECT_THAT(drone("help").out, HasSubstr("drone help COMMAND"));
    EXPECT_EQ(drone("help help").out, drone("help").out);
    EXPECT_EQ(drone("help").out, drone("--help").out);
    EXPECT_EQ(drone("help heap generate").out, drone("heap generate --help").out);
    EXPECT_EQ(drone("help heap generate").code, 0);
    const outcome unknown = drone("help bogus");
    EXPECT_EQ(unknown.code, 2);
    EXPECT_THAT(unknown.err, HasSubstr("\"bogus\" is not a command"));
}

TEST_F(Usage, VersionIsPrinted) {
    const outcome left = drone("--version");
    EXPECT_EQ(left.code, 0);
    EXPECT_THAT(left.out, testing::StartsWith("drone 0."));
}

TEST_F(Usage, OutputThatCannotBeWrittenIsAnError) {
    const outcome full = shell(DRONE_BINARY_DIR "/bin/drone print supported-boards >/dev/full");
    EXPECT_EQ(full.code, 1);
    EXPECT_EQ(full.err, "drone: standard output: No space left on device\n");
    const outcome help = shell(DRONE_BINARY_DIR "/bin/drone --help >/dev/full");
    EXPECT_EQ(help.code, 1);
}

TEST_F(Usage, AFileThatMayNotGrowIsAnError) {
    const outcome left = shell("(ulimit -f 0; " DRONE_BINARY_DIR
                               "/bin/drone print supported-boards 2>&1 >boards; echo $?) | cat");
    EXPECT_EQ(left.out, "drone: standard output: File too large\n1\n");
}

TEST_F(Usage, ClosedPipeIsAnError) {
    const outcome left = shell("mkfifo pipe; true <pipe & exec 3>pipe; wait; " DRONE_BINARY_DIR
                               "/bin/drone print supported-boards >&3");
    EXPECT_EQ(left.code, 1);
    EXPECT_EQ(left.err, "drone: standard output: Broken pipe\n");
}

} // namespace drone::cli

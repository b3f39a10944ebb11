// SPDX-License-Identifier: MIT
#include "paths.hpp"
#include "tool.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>

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

TEST_F(Usage, WordsThatNoFileCouldMakeRightEndWithCode2) {
    write("a", "a 1 12\n");
    write("Drone.toml", "[heap]\nsize = \"1K\"\noverflow = true\npools = []\n");
    for (const char* const words :
         {"probe --dry-run nope",
          "probe --dry-run flash",
          "probe --dry-run reset now",
          "new app --board nope",
          "new app --board virtual-m4 --name 1",
          "new app --board virtual-m4 --heap-size 1G",
          "new test --board virtual-m4",
          "print man nope",
          "print completion tcsh",
          "doctor --via nope",
          "doctor --swo nope",
          "log --via gdb:localhost:1 --input a",
          "log --format nope",
          "heap -s 10X",
          "heap --align 3",
          "heap generate --pools 0",
          "heap generate --keep 17",
          "heap generate --pools 1 --keep 16,32",
          "heap -f a b report -o x.html",
          "heap -f a b export --as csv",
          "heap export --as nope",
          "heap diff a",
          "heap -f a diff a a",
          "heap diff a a --fail-above much",
          "heap fleet a --file a",
          "heap watch --file a",
          "heap --json summarise -o x"}) {
        const outcome left = drone(words);
        EXPECT_EQ(left.code, 2) << words << "\n" << left.err;
        EXPECT_EQ(std::ranges::count(left.err, '\n'), 1) << words << "\n" << left.err;
        EXPECT_EQ(left.out, "") << words;
    }
}

TEST_F(Usage, WhatFilesLackEndsWithCode1AndOneLine) {
    for (const char* const words :
         {"reset",
          "gdb",
          "log",
          "doctor",
          "flash nope.elf",
          "heap",
          "heap generate",
          "heap replay",
          "heap verdict",
          "heap summarise -o x",
          "heap report -o x.html",
          "heap export --as csv",
          "heap diff a b",
          "heap fleet a",
          "heap -c nope",
          "print layout",
          "print memory",
          "print target",
          "print cflags",
          "print frames nope.elf",
          "probe --dry-run reset"}) {
        const outcome left = drone(words);
        EXPECT_EQ(left.code, 1) << words << "\n" << left.err;
        EXPECT_EQ(std::ranges::count(left.err, '\n'), 1) << words << "\n" << left.err;
        EXPECT_EQ(left.out, "") << words;
    }
}

TEST_F(Usage, WithoutAProjectAProbeCanBeNamed) {
    for (const char* const words : {"log", "doctor"})
        EXPECT_THAT(drone(words).err, HasSubstr("--via TOOL:CHIP")) << words;
}

TEST_F(Usage, HelpOfASubcommandListsTheOptionsThatItShares) {
    for (const char* const command : {"generate", "replay", "verdict", "summarise"}) {
        const outcome left = drone(std::string("heap ") + command + " --help");
        for (const char* const option : {"--file", "--config", "--size", "--align", "--overhead"})
            EXPECT_THAT(left.out, HasSubstr(option)) << command;
        EXPECT_THAT(left.out, testing::Not(HasSubstr("--skip"))) << command;
    }
    EXPECT_THAT(drone("heap verdict --help").out, HasSubstr("--json"));
    EXPECT_THAT(drone("heap diff --help").out, testing::Not(HasSubstr("--file")));
    EXPECT_THAT(drone("heap watch --help").out, HasSubstr("--via"));
}

/// No program is on the PATH, so no tool of a probe is installed.
TEST_F(Usage, AToolThatIsNotInstalledIsNamedAndLeavesNoFile) {
    for (const std::string via :
         {"pyocd:x --rtt",
          "pyocd:x --swo 2000000@168MHz",
          "jlink:x --rtt",
          "jlink:x --swo 2000000@168MHz",
          "probe-rs:x --rtt",
          "openocd:x --rtt",
          "openocd:x --swo 2000000@168MHz"}) {
        const outcome left =
            shell("PATH=/nowhere " DRONE_BINARY_DIR "/bin/drone log --via " + via + " said:0");
        EXPECT_EQ(left.code, 1) << via;
        EXPECT_THAT(left.err, HasSubstr(" is not installed; ")) << via;
        EXPECT_EQ(std::ranges::count(left.err, '\n'), 1) << via << left.err;
        EXPECT_FALSE(std::filesystem::exists(folder_ / "said")) << via;
    }
}

TEST_F(Usage, ChipsAndBoardsAreNamedInAnyLetters) {
    EXPECT_EQ(drone("new app --board STM32F407VG").code, 0);
    EXPECT_THAT(read("app/Drone.toml"), HasSubstr("board = \"stm32f407vg\""));
    write("Drone.toml", "[probe]\nkind = \"openocd\"\nboard = \"Disco-F407VG\"\n");
    const outcome plan = drone("probe --dry-run reset");
    EXPECT_THAT(plan.out, HasSubstr("target/stm32f4x.cfg")) << plan.err;
    for (const char* const chip : {"STM32F407VG", "STM32F4X", "stm32f4x"}) {
        write(
            "Drone.toml",
            std::string("[probe]\nkind = \"openocd\"\ninterface = \"stlink\"\nchip = \"") + chip +
                "\"\n"
        );
        EXPECT_THAT(drone("probe --dry-run reset").out, HasSubstr("target/stm32f4x.cfg")) << chip;
    }
}

/// The reference is written by hand; what it must name is not.
TEST_F(Usage, TheReferenceNamesEveryCommandAndOption) {
    std::ifstream in(DRONE_SOURCE_DIR "/docs/cli.md");
    const std::string reference(std::istreambuf_iterator<char>(in), {});
    std::istringstream commands(drone("print commands").out);
    const std::regex option("^  (?:-[a-z],)?(--[a-z-]+)");
    for (std::string command; std::getline(commands, command);) {
        EXPECT_NE(reference.find(command), std::string::npos) << command;
        const std::string words = command.substr(std::string("drone").size());
        std::istringstream help(drone(words + " --help").out);
        std::smatch found;
        for (std::string line; std::getline(help, line);) {
            if (!std::regex_search(line, found, option)) continue;
            EXPECT_NE(reference.find(found.str(1)), std::string::npos)
                << command << " " << found.str(1);
        }
    }
}

/// The smallest run, where every count is one, and the largest figures: no "1 blocks", no "1e+06".
TEST_F(Usage, CountsAgreeWithTheirNounsAndNoFigureHasAnExponent) {
    write("heaptrace", "a 1 1\n");
    write("one.jsonl", "{\"pools\":[{\"block\":4,\"peak\":1,\"missed\":1}]}\nnonsense\n");
    write("Drone.toml", "[heap]\nsize = \"1K\"\npools = [{ block = \"4\", capacity = 1 }]\n");
    const std::regex wrong("\\b1 (?!s\\b|fails\\b)[a-z]{2,}[^su' ]s\\b|[0-9]e[+-][0-9]");
    for (const char* const words :
         {"heap --by peak --by pool --by age --by lifetime --by caller --by context --by arena",
          "heap generate",
          "heap generate --overflow yes",
          "heap generate --squeeze",
          "heap generate --pools 1..2",
          "heap replay",
          "heap verdict",
          "heap summarise -o run.demand",
          "heap diff heaptrace heaptrace",
          "heap diff heaptrace heaptrace --markdown",
          "heap export --as massif",
          "heap export --as callgrind",
          "heap report -o page.html",
          "heap fleet one.jsonl"}) {
        const outcome left = drone(words);
        std::smatch found;
        const std::string all = left.out + left.err;
        EXPECT_FALSE(std::regex_search(all, found, wrong)) << words << ": " << found.str() << "\n"
                                                           << all;
    }
}

} // namespace drone::cli

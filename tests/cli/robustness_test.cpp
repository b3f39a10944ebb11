// SPDX-License-Identifier: MIT
#include "tool.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace drone::cli {

namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* tool = DRONE_BINARY_DIR "/bin/drone ";

/// A project with a trace, in surroundings that fail.
class Robustness : public Tool {
protected:
    void SetUp() override {
        Tool::SetUp();
        write("heaptrace", "a 1 100\na 2 8\nf 1\n");
        write("Drone.toml", project);
    }

    static constexpr const char* project =
        "[heap]\nsize = \"1K\"\npools = [{ block = \"8\", capacity = 1 }]\n";
    const std::string generate = "heap generate --pools 2 --headroom none ";
};

/// Every file of the house that prints in words.
TEST(Talk, GoesThroughOnePlace) {
    for (const auto& entry : std::filesystem::directory_iterator(DRONE_SOURCE_DIR "/host/cli")) {
        std::ifstream in(entry.path());
        const std::string text(std::istreambuf_iterator<char>(in), {});
        EXPECT_FALSE(std::regex_search(text, std::regex("print\\(\\s*stderr|std::cerr")))
            << entry.path() << ": use say(), cli/say.hpp";
    }
}

TEST_F(Robustness, TalkThatCannotBeWrittenIsDropped) {
    const outcome whole = drone(generate);
    ASSERT_EQ(whole.code, 0) << whole.err;
    ASSERT_NE(whole.err, "");
    for (const std::string there : {"2>/dev/full", "2>&-"}) {
        const outcome left = shell(tool + generate + there);
        EXPECT_EQ(left.code, 0) << there;
        EXPECT_EQ(left.out, whole.out) << there;
    }
    EXPECT_EQ(shell(std::string(tool) + "bogus 2>/dev/full").code, 2);
    EXPECT_EQ(shell(std::string(tool) + "flash nowhere.elf 2>&-").code, 1);
}

TEST_F(Robustness, ClosedStreamsAreNotTakenByFiles) {
    const outcome left = shell(tool + generate + "--write --yes <&- >&- 2>&-");
    EXPECT_EQ(left.code, 1); // the layout could not be printed
    const outcome quiet = shell(std::string(tool) + "heap --json <&- 2>&-");
    EXPECT_EQ(quiet.code, 0);
    EXPECT_THAT(quiet.out, testing::StartsWith("{"));
    EXPECT_EQ(read("heaptrace"), "a 1 100\na 2 8\nf 1\n");
}

TEST_F(Robustness, ControlCharactersNeverReachTheTerminal) {
    const outcome command = shell(std::string(tool) + "\"$(printf 'a\\033[2Jb')\"");
    EXPECT_EQ(command.err, "drone: \"a\\x1b[2Jb\" is not a command; see `drone --help`\n");
    const outcome file = shell(std::string(tool) + "flash \"$(printf 'a\\033]0;b\\nc')\"");
    EXPECT_EQ(file.err, "drone: a\\x1b]0;b\\nc: no such file; build the firmware first\n");
    write("Drone.toml", "[probe]\nboard = \"a\\ndrone: all is well\\u001b[2J\"\n");
    const outcome board = drone("print target");
    EXPECT_EQ(board.code, 1);
    EXPECT_THAT(board.err, HasSubstr("\"a\\ndrone: all is well\\x1b[2J\""));
    EXPECT_EQ(std::ranges::count(board.err, '\n'), 1);
}

TEST_F(Robustness, ADeviceWithoutAnEndIsNoTrace) {
    const outcome left = drone("heap -f /dev/zero");
    EXPECT_EQ(left.code, 1);
    EXPECT_THAT(left.err, HasSubstr("/dev/zero: is not a file and gives more than"));
}

/// Commands that print data; in a project with traces.
constexpr const char* printing[] = {
    "heap",
    "heap --json",
    "heap --by peak",
    "heap generate",
    "heap generate --json",
    "heap replay --layout large.toml",
    "heap replay --layout large.toml --json",
    "heap verdict",
    "heap verdict --json",
    "heap summarise -o -",
    "heap diff heaptrace heaptrace",
    "heap diff heaptrace heaptrace --json",
    "heap diff heaptrace heaptrace --markdown",
    "heap fleet peaks.jsonl",
    "heap fleet peaks.jsonl --json",
    "heap export --as pprof",
    "heap export --as speedscope",
    "heap export --as heapprofile",
    "heap export --as callgrind",
    "heap export --as massif",
    "heap export --as heaptrack",
    "heap export --as firefox",
    "heap export --as perfetto",
    "heap export --as csv",
    "heap export --as jsonl",
    "heap export --as log",
    "log --input raw :0",
    "log --input raw --packets",
    "print supported-boards",
    "print layout",
    "print cmake",
    "print tracer",
    "print man",
    "print completion bash",
    "print commands",
    "probe --dry-run reset",
    "help",
    "--version",
};

TEST_F(Robustness, EveryCommandNamesTheOutputThatFailed) {
    write(
        "Drone.toml", std::string(project) + "[probe]\nkind = \"openocd\"\nchip = \"stm32f4x\"\n"
    );
    write("large.toml", "[heap]\nsize = \"1K\"\noverflow = true\npools = []\n");
    write("peaks.jsonl", "{\"pools\":[{\"block\":4,\"peak\":1}]}\n");
    write(
        "raw",
        std::string(
            "\x01"
            "a\x01\n",
            4
        )
    );
    for (const char* const words : printing)
        for (const std::string there : {" >/dev/full", " >&-"}) {
            const outcome left = shell(tool + std::string(words) + there);
            EXPECT_EQ(left.code, 1) << words << there;
            EXPECT_THAT(left.err, testing::ContainsRegex("drone: standard output: [A-Z].*\n$"))
                << words << there;
        }
}

/// No name and no content of a file ends in a crash, in a message of more than one line, or in bytes
/// that a terminal would act on.
TEST_F(Robustness, UnusualFilesGetOneClearLine) {
    const std::string names[] = {"a b", "new\nline", "-dash", "bad\xff", "esc\x1b[2J", "'quote'"};
    for (const std::string& name : names)
        write(name, "a 1 100\na 2 8\nf 1\n");
    write("empty", "");
    write("cut", std::string("DRONE\0\1", 7));
    write("folder/file", "");
    std::vector<std::string> files(std::begin(names), std::end(names));
    files.insert(files.end(), {"empty", "cut", "folder", "nowhere"});
    const char* const commands[] = {
        "heap -f ",
        "heap diff heaptrace ",
        "heap report -o out.html -f ",
        "heap export --as csv -f ",
        "heap summarise -o out.demand -f ",
        "heap generate -f ",
        "heap replay -f ",
        "heap replay --layout ",
        "heap verdict -f ",
        "heap fleet ",
        "heap --by caller --elf ",
        "log --input ",
        "flash ",
        "print frames ",
        "print tracer --copy ",
    };
    for (const char* const command : commands)
        for (const std::string& file : files) {
            std::string quoted = "'./";
            for (const char c : file)
                quoted += c == '\'' ? "'\\''" : std::string(1, c);
            const outcome left = shell(tool + std::string(command) + quoted + "'");
            SCOPED_TRACE(command + file);
            EXPECT_TRUE(left.code == 0 || left.code == 1) << left.code;
            EXPECT_TRUE(std::ranges::none_of(left.err, [](char c) {
                return c != '\n' && static_cast<unsigned char>(c) < ' ';
            })) << left.err;
            if (left.code == 0) continue;
            std::istringstream lines(left.err);
            std::size_t errors = 0;
            for (std::string line; std::getline(lines, line);)
                errors += line.starts_with("drone: ") && !line.starts_with("drone: note: ") ? 1 : 0;
            EXPECT_GE(errors, 1U) << left.err;
        }
}

TEST_F(Robustness, AnOutputThatCannotBeIsRefused) {
    write("folder/file", "");
    for (const std::string command : {"report -o ", "summarise -o ", "export --as csv -o "})
        for (const std::string file : {"folder", "nowhere/file", "heaptrace"}) {
            const outcome left = drone("heap " + command + file);
            EXPECT_EQ(left.code, 1) << command << file;
            EXPECT_THAT(left.err, HasSubstr("drone: " + file)) << command;
        }
    EXPECT_EQ(read("heaptrace"), "a 1 100\na 2 8\nf 1\n");
}

using Write = Robustness;

TEST_F(Write, AsksOrNeedsYes) {
    const outcome left = drone(generate + "--write");
    EXPECT_EQ(left.code, 1);
    EXPECT_THAT(
        left.err, HasSubstr("Drone.toml was not changed: there is no terminal to ask on; add --yes")
    );
    EXPECT_EQ(read("Drone.toml"), project);
    EXPECT_EQ(drone(generate + "--write --yes").code, 0);
    EXPECT_NE(read("Drone.toml"), project);
}

TEST_F(Write, ALinkStaysALinkAndNothingIsEaten) {
    write("elsewhere/Drone.toml", project);
    write("precious", "mine");
    std::filesystem::remove(folder_ / "Drone.toml");
    std::filesystem::create_symlink("elsewhere/Drone.toml", folder_ / "Drone.toml");
    std::filesystem::create_symlink("precious", folder_ / "Drone.toml.new");
    std::filesystem::create_symlink("../precious", folder_ / "elsewhere/Drone.toml.new");
    EXPECT_EQ(drone(generate + "--write --yes").code, 0);
    EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "Drone.toml"));
    EXPECT_THAT(read("elsewhere/Drone.toml"), HasSubstr("capacity = 1 },\n"));
    EXPECT_EQ(read("precious"), "mine");
}

TEST_F(Write, ManyAtOnceLeaveAWholeFileAndLosersAreTold) {
    write("bigger", "a 1 64\na 2 64\na 3 64\n");
    const outcome left = shell(
        "for i in 1 2 3 4 5 6 7 8; do for f in heaptrace bigger; do (" + std::string(tool) +
        "heap -f $f generate --pools 2 --write --yes >/dev/null 2>err.$i.$f || "
        "grep -q 'changed by somebody else' err.$i.$f || echo broken) & done; done; wait"
    );
    EXPECT_EQ(left.out, "");
    EXPECT_EQ(drone("print layout").code, 0);
    EXPECT_THAT(shell("ls -a").out, Not(HasSubstr(".Drone.toml.")));
}

TEST_F(Write, AFullDiskIsReportedAndLeavesTheFile) {
    const outcome left = shell(
        "(trap '' XFSZ; ulimit -f 0; " + std::string(tool) + generate +
        "--write --yes 2>&1 >/dev/null; echo \"code $?\") | cat"
    );
    EXPECT_THAT(left.out, HasSubstr("make room and run this again\ncode 1"));
    EXPECT_EQ(read("Drone.toml"), project);
}

} // namespace

} // namespace drone::cli

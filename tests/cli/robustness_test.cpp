// SPDX-License-Identifier: MIT
#include "tool.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <regex>

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

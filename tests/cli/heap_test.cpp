// SPDX-License-Identifier: MIT
// What `drone heap` takes, and what it refuses with a word on what to do instead.

#include "tool.hpp"
#include "trace_writer.hpp"

#include <gmock/gmock.h>

#include <string>

namespace drone::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const std::string cases = DRONE_SOURCE_DIR "/tests/cli/cases/";

class HeapInput : public Tool {
protected:
    void expect_refused(const std::string& arguments, const testing::Matcher<std::string>& why) {
        const outcome left = drone(arguments);
        EXPECT_EQ(left.code, 1) << arguments;
        EXPECT_EQ(left.out, "") << arguments;
        EXPECT_THAT(left.err, why) << arguments;
    }
};

TEST_F(HeapInput, RawSwoIsSentThroughDroneLog) {
    const std::string file = cases + "raw_swo_accepted.swo";
    expect_refused(
        "heap -s 10K -f " + file, HasSubstr("drone log --input " + file + " heaptrace:31")
    );
    EXPECT_EQ(drone("log --input " + file + " heaptrace:31").code, 0);
    EXPECT_EQ(drone("heap -s 10K").code, 0);
}

TEST_F(HeapInput, AHeaptrackFileOfAnUnknownVersionIsRefused) {
    expect_refused("heap -f " + cases + "heaptrack_v99.txt", HasSubstr("version 99"));
    write("new", "v 10700 4\nX a\na 10 1\n+ 0\n");
    expect_refused("heap -f new", HasSubstr("version 4"));
    write("odd", "v 10700 x\nX a\na 10 1\n+ 0\n");
    expect_refused("heap -f odd", HasSubstr("heaptrack file of version"));
    write("old", "v 10000\nX a\na 10 1\n+ 0\n");
    EXPECT_EQ(drone("heap -f old").code, 0);
}

TEST_F(HeapInput, AnElfFileIsNoTrace) {
    expect_refused(
        "heap -f " DRONE_BINARY_DIR "/bin/drone",
        AllOf(HasSubstr("is an ELF file"), HasSubstr("--elf"))
    );
}

TEST_F(HeapInput, ATraceThatIsMostlyDamagedIsRefused) {
    std::string log = "a 1 12\na 2 12\na 3 12\n";
    for (int i = 0; i < 400; ++i)
        log += "a 4 12\nf 4\n";
    write("whole", log);
    EXPECT_EQ(drone("heap -f whole").code, 0);
    for (int i = 0; i < 900; ++i)
        log += "what is this\n";
    write("damaged", log);
    expect_refused("heap -f damaged", AllOf(HasSubstr("900 damaged"), HasSubstr("803")));
    expect_refused("heap -f damaged generate --pools 2", HasSubstr("900 damaged"));
}

TEST_F(HeapInput, ALogMayBeginWithAGreeting) {
    write("heaptrace", "Station 7, build 12\na 1 12\nf 1\n");
    const outcome left = drone("heap");
    EXPECT_EQ(left.code, 0);
    EXPECT_THAT(left.err, HasSubstr("Line 1"));
    write("heaptrace", "Station 7\nSome other text\n");
    expect_refused("heap", StartsWith("drone: heaptrace:1: \"Station 7\" is not an event"));
}

TEST_F(HeapInput, SeveralFilesMayFollowOneOption) {
    write("one", "a 1 12\nf 1\n");
    write("two", "a 1 12\na 2 12\nf 1\nf 2\n");
    const outcome together = drone("heap -f one two --json");
    EXPECT_EQ(together.code, 0) << together.err;
    EXPECT_EQ(together.out, drone("heap -f one -f two --json").out);
    const outcome generated = drone("heap -f one two generate --pools 1");
    EXPECT_EQ(generated.code, 0) << generated.err;
    EXPECT_THAT(generated.out, HasSubstr("capacity = 2"));
}

TEST_F(HeapInput, ALeakIsReportedAndGenerateWarnsOfIt) {
    std::string log;
    for (int i = 0; i < 1000; ++i) {
        const std::string n = std::to_string(i);
        log += "a x" + n + " 32\nf x" + n + "\n";
        if (i % 10 == 0) log += "a y" + n + " 24\n";
    }
    write("heaptrace", log);
    EXPECT_THAT(
        drone("heap").out,
        HasSubstr("\nLeaks: the live count keeps growing\n  blocks of 24 bytes: from ")
    );
    EXPECT_THAT(
        drone("heap generate --pools 2").err,
        HasSubstr("heaptrace: the live count of 24-byte blocks of all callers keeps growing")
    );
    write("Drone.toml", "[heap]\nsize = \"10K\"\npermanent = [24]\n");
    EXPECT_THAT(drone("heap").out, testing::Not(HasSubstr("Leaks")));
    EXPECT_THAT(drone("heap generate --pools 2").err, testing::Not(HasSubstr("keeps growing")));
}

TEST_F(HeapInput, AHeapIsNoLargerThanItsAddresses) {
    write("heaptrace", "a 1 12\nf 1\n");
    for (const char* const size : {"0x2000000G", "4G", "0"})
        for (const char* const command : {"", " generate --pools 1"}) {
            const outcome left = drone(std::string("heap -s ") + size + command);
            EXPECT_EQ(left.code, 2);
            EXPECT_THAT(
                left.err, HasSubstr(std::string("-s ") + size + ": a heap has 1 byte to 4 GiB - 1")
            );
        }
    EXPECT_EQ(drone("heap -s 0x2K").code, 0);
}

TEST_F(HeapInput, AFileThatIsNamedTwiceIsOneRun) {
    write("one", "a 1 12\nf 1\n");
    write("two", "a 1 12\nf 1\n");
    const outcome alone = drone("heap -f one");
    std::filesystem::create_symlink("one", folder_ / "link");
    for (const char* const again : {"one", "./one", "link"}) {
        const outcome twice = drone(std::string("heap -f one ") + again);
        EXPECT_EQ(twice.out, alone.out) << again;
        EXPECT_THAT(twice.err, HasSubstr(": named twice, read once"));
    }
    const outcome copied = drone("heap -f one two");
    EXPECT_THAT(copied.err, HasSubstr("two: the file has the same bytes as one"));
    EXPECT_THAT(copied.out, HasSubstr("|                 2\n"));
    write("two", "a 1 12\nf 1\na 2 12\n");
    EXPECT_EQ(drone("heap -f one two").err, "");
}

TEST_F(HeapInput, TracesOfDifferentBuildsAreUnitedWithAWord) {
    const auto traced_with = [](std::uint32_t build) {
        trace::native_writer made;
        made.identity = build;
        return made.announce().allocate(0, 0, 4).checkpoint().bytes();
    };
    write("one", traced_with(0xABCDEF));
    write("two", traced_with(0x123456));
    for (const char* const command : {"", " generate --pools 1"}) {
        const outcome both = drone(std::string("heap -f one two") + command);
        EXPECT_EQ(both.code, 0) << both.err;
        EXPECT_THAT(
            both.err, HasSubstr("the traces are of 2 builds (one with abcdef, two with 123456)")
        );
    }
    EXPECT_THAT(drone("heap -f one").err, testing::Not(HasSubstr("builds")));
}

TEST_F(HeapInput, ATraceOfAnotherHeapIsNeverWrittenOverThisOne) {
    write("heaptrace", trace::native_writer().announce().allocate(0, 0, 4).checkpoint().bytes());
    const std::string both =
        "[heap]\nsize = 4096\npools = [{ block = 4, capacity = 16 }, { block = 12, capacity = 16 }, "
        "{ block = 40, capacity = 16 }]\n"
        "[heap.ccm]\norigin = \"0x10000000\"\nsize = 64\npools = [{ block = 8, capacity = 8 }]\n";
    write("Drone.toml", both);
    expect_refused(
        "heap -c ccm generate --write --yes",
        HasSubstr("nothing is written: heaptrace: this is a trace of [heap], not of [heap.ccm]")
    );
    EXPECT_EQ(read("Drone.toml"), both);
    for (const char* const command : {"", " generate", " replay"}) {
        const outcome other = drone(std::string("heap -c ccm") + command);
        EXPECT_EQ(other.code, 0) << other.err;
        EXPECT_THAT(other.err, HasSubstr("is a trace of [heap], not of [heap.ccm]")) << command;
        const outcome own = drone(std::string("heap") + command);
        EXPECT_THAT(own.err, testing::Not(HasSubstr("is a trace of"))) << command;
    }
}

TEST_F(HeapInput, PoolsThatDoNotFitKeepNobodyFromLayingOutAnew) {
    write("heaptrace", "a 1 12\nf 1\n");
    write("Drone.toml", "[heap]\nsize = 64\npools = [{ block = 16, capacity = 5 }]\n");
    EXPECT_THAT(drone("heap").out, HasSubstr("/ 18.75%"));
    expect_refused("heap replay", HasSubstr("Drone.toml:3:9: the pools of [heap] take 80 bytes"));
    expect_refused("print layout", HasSubstr("16 more than its size of 64"));
    const outcome made = drone("heap generate --pools 1 --write --yes");
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(
        made.err, HasSubstr("The layout in Drone.toml: Drone.toml:3:9: the pools of [heap] take 80")
    );
    EXPECT_EQ(drone("heap replay").code, 0);
}

TEST_F(HeapInput, ReplayKnowsWhenTheLayoutDoesNotFitTheSizeGiven) {
    write("heaptrace", "a 1 12\nf 1\n");
    write("Drone.toml", "[heap]\nsize = 64\npools = [{ block = 16, capacity = 4 }]\n");
    EXPECT_EQ(drone("heap -s 64 replay").code, 0);
    expect_refused(
        "heap -s 60 replay", HasSubstr("the pools take 64 bytes, 4 more than a heap of 60")
    );
}

TEST_F(HeapInput, TheTraceBesideTheProjectIsFoundFromItsFolders) {
    write("Drone.toml", "[heap]\nsize = \"10K\"\n");
    write("heaptrace", "a 1 12\nf 1\n");
    write("src/main.cpp", "");
    const outcome below = shell("cd src && " DRONE_BINARY_DIR "/bin/drone heap");
    EXPECT_EQ(below.code, 0) << below.err;
    EXPECT_EQ(below.out, drone("heap").out);
    write("src/heaptrace", "a 1 16\nf 1\n");
    EXPECT_THAT(shell("cd src && " DRONE_BINARY_DIR "/bin/drone heap").out, HasSubstr(" 16 |"));
}

TEST_F(HeapInput, SeveralTablesMayFollowOneOption) {
    write("heaptrace", "a 1 12\nf 1\n");
    EXPECT_EQ(drone("heap --by peak lifetime").out, drone("heap --by peak --by lifetime").out);
    EXPECT_EQ(drone("heap --by peak lifetime").code, 0);
    EXPECT_EQ(drone("heap --by peak paek").code, 2);
}

TEST_F(HeapInput, OptionsThatDoNothingAreRefused) {
    write("heaptrace", "a 1 12\nf 1\n");
    for (const char* const option : {"--by peak", "--elf x.elf", "--full"})
        for (const char* const command : {"generate", "replay"}) {
            const outcome left = drone(std::string("heap ") + option + " " + command);
            EXPECT_EQ(left.code, 2) << option;
            EXPECT_THAT(left.err, HasSubstr(" is not for `drone heap "));
        }
    expect_refused("heap --elf nosuch.elf", HasSubstr("nosuch.elf"));
}

} // namespace
} // namespace drone::cli

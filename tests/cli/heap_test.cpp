// SPDX-License-Identifier: MIT
// What `drone heap` takes, and what it refuses with a word on what to do instead.

#include "tool.hpp"

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
        HasSubstr("heaptrace: the live count of 24-byte blocks keeps growing")
    );
    write("Drone.toml", "[heap]\nsize = \"10K\"\npermanent = [24]\n");
    EXPECT_THAT(drone("heap").out, testing::Not(HasSubstr("Leaks")));
    EXPECT_THAT(drone("heap generate --pools 2").err, testing::Not(HasSubstr("keeps growing")));
}

TEST_F(HeapInput, AHeapIsNoLargerThanItsAddresses) {
    write("heaptrace", "a 1 12\nf 1\n");
    for (const char* const size : {"0x2000000G", "4G", "0"})
        for (const char* const command : {"", " generate --pools 1"})
            expect_refused(
                std::string("heap -s ") + size + command,
                HasSubstr(std::string("-s ") + size + ": a heap has 1 byte to 4 GiB - 1")
            );
    EXPECT_EQ(drone("heap -s 0x2K").code, 0);
}

} // namespace
} // namespace drone::cli

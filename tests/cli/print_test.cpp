// SPDX-License-Identifier: MIT
#include "paths.hpp"
#include "tool.hpp"

#include <gmock/gmock.h>

namespace drone::cli {

namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Print = Tool;

} // namespace

TEST_F(Print, ListsTheSupportedBoards) {
    const outcome left = drone("print supported-boards");
    EXPECT_EQ(left.code, 0);
    EXPECT_THAT(left.out, StartsWith("virtual-m4 "));
}

TEST_F(Print, NamesTheCoreOfTheProjectsBoard) {
    write("Drone.toml", "[probe]\nboard = \"virtual-m4\"\n");
    const outcome left = drone("print target");
    EXPECT_EQ(left.code, 0);
    EXPECT_EQ(left.out, "cortex-m4\n");
}

TEST_F(Print, LayoutIsAHeaderThatCompiles) {
    write(
        "Drone.toml",
        "[heap]\nsize = \"10K\"\npools = [\n"
        "    { block = \"4\", capacity = 201 },\n    { block = \"128\", capacity = 7 },\n]\n"
        "[heap.ccm]\nsize = 64\norigin = \"0x10000000\"\npools = [{ block = 8, capacity = 8 }]\n"
    );
    ASSERT_EQ(shell(DRONE_BINARY_DIR "/bin/drone print layout > layout.hpp").code, 0);
    write(
        "use.cpp",
        "#include \"layout.hpp\"\n"
        "static_assert(drone::config::heap_main.size == 10240);\n"
        "static_assert(drone::config::heap_main.pools[1].capacity == 7);\n"
        "static_assert(drone::config::heap_main.used() == 4 * 201 + 128 * 7);\n"
        "static_assert(drone::config::heap_ccm_origin == 0x10000000);\n"
    );
    const outcome compiled =
        shell("c++ -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I " DRONE_SOURCE_DIR
              "/include use.cpp");
    EXPECT_EQ(compiled.code, 0) << compiled.err;
}

TEST_F(Print, MemoryIsWhatTheLinkerNeeds) {
    write(
        "Drone.toml",
        "[memory]\nflash = { origin = \"0x08000000\", size = \"1M\" }\n"
        "ram = { origin = \"0x20000000\", size = \"128K\" }\n"
    );
    const outcome left = drone("print memory");
    EXPECT_EQ(left.code, 0);
    EXPECT_THAT(left.out, HasSubstr("FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 1048576\n"));
    EXPECT_THAT(left.out, HasSubstr("RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 131072\n"));
}

TEST_F(Print, NeedsAProjectAndSaysWhatIsWrongWithIt) {
    const outcome none = drone("print layout");
    EXPECT_EQ(none.code, 1);
    EXPECT_EQ(none.out, "");
    EXPECT_EQ(
        none.err,
        "drone: no Drone.toml in this folder or above; go into a project, or make one with `drone "
        "new`\n"
    );
    write("Drone.toml", "[heap]\nsize = 64\npool = []\n");
    const outcome wrong = drone("print layout");
    EXPECT_EQ(wrong.code, 1);
    EXPECT_EQ(
        wrong.err,
        "drone: Drone.toml:3:1: unknown key \"pool\" in [heap]; did you mean \"pools\"?\n"
    );
}

} // namespace drone::cli

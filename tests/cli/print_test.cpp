// SPDX-License-Identifier: MIT
#include "paths.hpp"
#include "tool.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

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

TEST_F(Print, CompilerFlagsAreThoseOfTheToolchainFile) {
    write("Drone.toml", "[probe]\nboard = \"virtual-m4\"\n");
    const outcome left = drone("print cflags");
    ASSERT_EQ(left.code, 0) << left.err;
    for (const std::string core : {"cortex-m4"}) {
        write(
            "flags.cmake",
            "include(" DRONE_SOURCE_DIR "/cmake/CortexM.cmake)\ndrone_cortex_m_flags(flags " +
                core + " \"\")\nlist(JOIN flags \" \" text)\nmessage(NOTICE ${text})\n"
        );
        std::string flags = shell("cmake -P flags.cmake").err;
        std::istringstream words(flags);
        for (std::string word; words >> word;)
            EXPECT_THAT(left.out, HasSubstr(word + " "));
    }
    write("use.cpp", "#include <drone/version.hpp>\n#include <cortex_m/primask.hpp>\n");
    const outcome compiled = shell("arm-none-eabi-g++ -std=c++20 -fsyntax-only $(" DRONE_BINARY_DIR
                                   "/bin/drone print cflags) use.cpp");
    EXPECT_EQ(compiled.code, 0) << compiled.err;
}

TEST_F(Print, TracerIsWhatACompilerTakes) {
    EXPECT_EQ(
        shell("cc -std=c99 -fsyntax-only $(" DRONE_BINARY_DIR "/bin/drone print tracer)").code, 0
    );
}

TEST_F(Print, TracerIsCopiedIntoAProjectWhoseSettingsStay) {
    write("drone_trace_config.h", "#define DRONE_TRACE_RAM_RING 1\n");
    write("drone_trace.c", "old\n");
    const outcome copied = drone("print tracer --copy .");
    EXPECT_EQ(copied.code, 0) << copied.err;
    EXPECT_THAT(copied.out, HasSubstr("./drone_trace.mk\n"));
    EXPECT_EQ(read("drone_trace_config.h"), "#define DRONE_TRACE_RAM_RING 1\n");
    EXPECT_EQ(shell("cc -std=c99 -fsyntax-only drone_trace.c").code, 0);
    const outcome refused = drone("print tracer --copy nowhere");
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, HasSubstr("nowhere/drone_trace.c: No such file or directory"));
}

TEST_F(Print, CMakeFilesAreWhereItSays) {
    const outcome left = drone("print cmake");
    EXPECT_EQ(left.code, 0);
    EXPECT_EQ(
        shell("test -f \"$(" DRONE_BINARY_DIR "/bin/drone print cmake)/drone-config.cmake\"").code,
        0
    );
}

TEST_F(Print, APathThatCMakeCannotTakeIsRefused) {
    const outcome left = shell("DRONE_ROOT='a\"b' " DRONE_BINARY_DIR "/bin/drone print cmake");
    EXPECT_EQ(left.code, 1);
    EXPECT_THAT(left.err, HasSubstr("a\"b/cmake: CMake cannot use a path with a double quote"));
    EXPECT_EQ(shell("DRONE_ROOT=\"it's here\" " DRONE_BINARY_DIR "/bin/drone print cmake").code, 0);
}

TEST_F(Print, EveryCommandHasAManualPage) {
    std::istringstream commands(drone("print commands").out);
    std::size_t count = 0;
    for (std::string line; std::getline(commands, line); ++count) {
        const outcome page =
            drone("print man " + line.substr(std::min(line.size(), std::string("drone ").size())));
        EXPECT_EQ(page.code, 0) << line;
        EXPECT_THAT(page.out, HasSubstr("\n.SH SYNOPSIS\n.B drone")) << line;
    }
    EXPECT_GT(count, 10U);
    EXPECT_EQ(drone("print man bogus").code, 2);
}

TEST_F(Print, BashCompletesCommandsOptionsAndValues) {
    ASSERT_EQ(shell(DRONE_BINARY_DIR "/bin/drone print completion bash > drone.bash").code, 0);
    const auto completed = [&](const std::string& words) {
        write(
            "complete.bash",
            ". ./drone.bash\nCOMP_WORDS=(" + words +
                ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_drone\necho \"${COMPREPLY[*]}\"\n"
        );
        return shell("bash complete.bash").out;
    };
    EXPECT_EQ(completed("drone he"), "heap\n");
    EXPECT_EQ(completed("drone heap ge"), "generate\n");
    EXPECT_EQ(completed("drone heap -f x generate --headr"), "--headroom\n");
    EXPECT_EQ(completed("drone heap generate --headroom s"), "spread scale\n");
    EXPECT_EQ(completed("drone print completion ''"), "-h --help bash zsh fish\n");
}

TEST_F(Print, OtherShellsGetEveryCommandToo) {
    for (const std::string shell : {"zsh", "fish"}) {
        const outcome left = drone("print completion " + shell);
        EXPECT_EQ(left.code, 0);
        for (const char* const word : {"generate", "headroom", "balanced", "supported-boards"})
            EXPECT_THAT(left.out, HasSubstr(word)) << shell;
    }
    EXPECT_EQ(drone("print completion csh").code, 2);
}

TEST_F(Print, NeedsAProjectAndSaysWhatIsWrongWithIt) {
    const outcome none = drone("print layout");
    EXPECT_EQ(none.code, 1);
    EXPECT_EQ(none.out, "");
    EXPECT_EQ(
        none.err,
        "drone: no Drone.toml in this folder or above; change to a project's folder, or make a project "
        "with `drone new`\n"
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

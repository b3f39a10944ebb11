// SPDX-License-Identifier: MIT

#include "paths.hpp"
#include "report/symbols.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

namespace drone::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::uint32_t printed_address() {
    std::FILE* const pipe = ::popen(DRONE_CALLING_PROGRAM, "r");
    unsigned address = 0;
    EXPECT_EQ(std::fscanf(pipe, "%x", &address), 1);
    ::pclose(pipe);
    return address;
}

TEST(Symbols, NameAnInlinedFunctionAndTheOneItWasInlinedInto) {
    const auto opened = symbols::open(DRONE_CALLING_PROGRAM);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_THAT(
        opened->functions(printed_address()),
        ElementsAre(
            HasSubstr("make_request at calling_program.cpp:12"),
            HasSubstr("run_task at calling_program.cpp:16")
        )
    );
}

TEST(Symbols, AreNoneWhereNoCodeIs) {
    const auto opened = symbols::open(DRONE_CALLING_PROGRAM);
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->functions(0x100).empty());
}

TEST(Symbols, NeedAnElfFile) {
    EXPECT_THAT(symbols::open("/nowhere").error().message, HasSubstr("no such file"));
    EXPECT_THAT(symbols::open("/dev/zero").error().message, HasSubstr("is not a regular file"));
    EXPECT_THAT(
        symbols::open(DRONE_SOURCE_DIR "/CMakeLists.txt").error().message,
        HasSubstr("is not an ELF file")
    );
}

} // namespace
} // namespace drone::report

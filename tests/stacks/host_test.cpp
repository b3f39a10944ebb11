// SPDX-License-Identifier: MIT
// The stacks of a program of this machine: what is not the program's own is never an address of it.

#include <gtest/gtest.h>

#include <cstdint>
#include <host/stacks.hpp>

namespace drone::host {
namespace {

std::uint32_t told_of(std::uintptr_t caller) {
    std::uint32_t frame = 1;
    bool is_whole = true;
    EXPECT_EQ(walk_stack(reinterpret_cast<const void*>(caller), &frame, 1, is_whole), 1U);
    EXPECT_FALSE(is_whole);
    return frame;
}

TEST(HostStacks, ACallerThatIsNotTheProgramsIsNotKnown) {
    const program_code& code = program_code::own();
    const std::uintptr_t inside = (code.begin + (code.end - code.begin) / 2) & ~std::uintptr_t{1};
    EXPECT_EQ(told_of(inside), inside - code.base) << "on no stack, but the program's";
    EXPECT_EQ(told_of(inside + (std::uintptr_t{1} << 32U)), 0U) << "of a library, 4 GiB above";
    EXPECT_EQ(told_of(code.end + 1), 0U);
}

} // namespace
} // namespace drone::host

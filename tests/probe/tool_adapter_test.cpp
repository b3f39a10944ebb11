// SPDX-License-Identifier: MIT
#include "probe/tool_adapter.hpp"
#include "scratch.hpp"

#include <gmock/gmock.h>

#include <sys/resource.h>
#include <utility>

namespace drone::probe {

using ToolAdapter = Scratch;

// What is moved from must remove nothing: it removed the project's .drone.
TEST_F(ToolAdapter, ARunRemovesItsOwnFolderAndNoOther) {
    std::filesystem::create_directories(folder_ / ".drone");
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
    std::filesystem::path own;
    {
        result<scratch> made = scratch::make();
        ASSERT_TRUE(made.has_value()) << made.error().message;
        const scratch moved = *std::move(made);
        own = moved.place().folder;
        EXPECT_TRUE(std::filesystem::is_directory(own));
    }
    std::filesystem::current_path(before);
    EXPECT_FALSE(std::filesystem::exists(own));
    EXPECT_TRUE(std::filesystem::is_directory(folder_ / ".drone"));
}

// Its tool was told port 0, and the tool's refusal was all that was said.
TEST_F(ToolAdapter, WithoutAFreePortThereIsNoRun) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max}; // so no socket can be made
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto made = scratch::make();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.error().message, testing::HasSubstr("no TCP port"));
}

} // namespace drone::probe

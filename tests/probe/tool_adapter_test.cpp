// SPDX-License-Identifier: MIT
#include "probe/tool_adapter.hpp"
#include "scratch.hpp"

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

} // namespace drone::probe

// SPDX-License-Identifier: MIT
#include "../base/scratch.hpp"
#include "config/config.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace drone::config {

namespace {

namespace fs = std::filesystem;

/// An empty folder for one test.
class ProjectFile : public testing::Test {
protected:
    void SetUp() override { fs::create_directories(folder_ / "src" / "deep"); }

    void write(std::string_view text) const { std::ofstream(folder_ / file_name) << text; }

    base::scratch scratch_;
    const fs::path folder_ = scratch_.path();
};

} // namespace

TEST_F(ProjectFile, IsFoundInTheFolderOrAboveIt) {
    write("[heap]\nsize = 64\n");
    EXPECT_EQ(find(folder_), folder_ / "Drone.toml");
    EXPECT_EQ(find(folder_ / "src" / "deep"), folder_ / "Drone.toml");
    const result<project> p = read_nearest(folder_ / "src");
    ASSERT_TRUE(p.has_value()) << p.error().message;
    EXPECT_EQ(p->file, folder_ / "Drone.toml");
    EXPECT_EQ(require_heap(*p)->size, 64);
}

TEST_F(ProjectFile, MissingIsAnErrorThatSaysWhatToDo) {
    EXPECT_FALSE(find(folder_).has_value());
    EXPECT_EQ(
        read_nearest(folder_).error().message,
        "no Drone.toml in this folder or above; change to a project's folder, or make a project "
        "with `drone new`"
    );
    EXPECT_EQ(
        read(folder_ / "Drone.toml").error().message,
        (folder_ / "Drone.toml").string() + ": No such file or directory"
    );
}

TEST_F(ProjectFile, IsNamedInMessages) {
    write("[heap]\nsize = 0\n");
    EXPECT_EQ(
        read_nearest(folder_).error().message,
        (folder_ / "Drone.toml").string() + ":2:8: \"size\" is 0; a heap needs at least one block"
    );
}

TEST_F(ProjectFile, WithForeignBytesIsRefused) {
    write(std::string("\xff\xfe\0\x01 heap", 9));
    EXPECT_FALSE(read_nearest(folder_).has_value());
}

} // namespace drone::config

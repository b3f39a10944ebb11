// SPDX-License-Identifier: MIT
#pragma once

// A fresh folder for a test, gone afterwards, and small files in it.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace drone::probe {

class Scratch : public testing::Test {
protected:
    void SetUp() override {
        const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::temp_directory_path() /
                  (std::string("drone-") + test->test_suite_name() + "-" + test->name());
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::filesystem::path
    write(std::string_view name, std::string_view contents) const {
        const std::filesystem::path file = folder_ / name;
        std::ofstream(file, std::ios::binary) << contents;
        return file;
    }

    /// A shell script that can be run.
    [[nodiscard]] std::filesystem::path
    write_script(std::string_view name, const std::string& body) const {
        const std::filesystem::path file = write(name, "#!/bin/sh\n" + body);
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        return file;
    }

    [[nodiscard]] std::string read(std::string_view name) const {
        std::ifstream in(folder_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    std::filesystem::path folder_;
};

} // namespace drone::probe

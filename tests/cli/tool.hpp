// SPDX-License-Identifier: MIT
#pragma once

// The built tool, run in a scratch folder as a user runs it.

#include "../base/scratch.hpp"
#include "paths.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <sys/wait.h>

namespace drone::cli {

/// What a run of the tool left.
struct outcome {
    int code = -1; ///< exit code; -1 when a signal ended it
    std::string out;
    std::string err;
};

class Tool : public testing::Test {
protected:
    /// `drone ARGUMENTS`, a line for the shell, in the scratch folder with no standard input.
    [[nodiscard]] outcome drone(const std::string& arguments) const {
        return shell(DRONE_BINARY_DIR "/bin/drone " + arguments);
    }

    /// A command line whose output ends in two files that do not stand in the scratch folder.
    [[nodiscard]] outcome shell(const std::string& command) const {
        const std::string base = folder_.string();
        const std::string line = "cd '" + base + "' && { " + command + "; } </dev/null >'" + base +
                                 ".out' 2>'" + base + ".err'";
        const int status = std::system(line.c_str());
        return {
            .code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
            .out = take(base + ".out"),
            .err = take(base + ".err"),
        };
    }

    void write(std::string_view name, std::string_view contents) const {
        const std::filesystem::path file = folder_ / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << contents;
    }

    [[nodiscard]] std::string read(std::string_view name) const {
        std::ifstream in(folder_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

private:
    base::scratch scratch_;

protected:
    const std::filesystem::path folder_ = scratch_.path();

private:
    static std::string take(const std::string& file) {
        std::ifstream in(file, std::ios::binary);
        std::string text(std::istreambuf_iterator<char>(in), {});
        std::filesystem::remove(file);
        return text;
    }
};

} // namespace drone::cli

// SPDX-License-Identifier: MIT
#pragma once

// The vectors of ../shared: real and derived captures with expected results. They are read where
// they stand; a machine without them skips those tests and says so.

#include "paths.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace drone::vectors {

/// The folder beside the project, or beside the folder of its worktrees; empty when absent.
inline std::filesystem::path folder() {
    for (std::filesystem::path above = DRONE_SOURCE_DIR; above != above.parent_path();
         above = above.parent_path()) {
        const std::filesystem::path candidate = above.parent_path() / "shared" / "vectors";
        if (std::filesystem::is_directory(candidate)) return candidate;
    }
    return {};
}

inline std::vector<std::uint8_t> bytes(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<std::string> lines(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);)
        all.push_back(line);
    return all;
}

/// Files below the folder whose name ends so, in order.
inline std::vector<std::filesystem::path> files(const std::string& ending) {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder()))
        if (entry.path().string().ends_with(ending)) found.push_back(entry.path());
    std::ranges::sort(found);
    return found;
}

} // namespace drone::vectors

#define DRONE_NEEDS_VECTORS()                                                                      \
    if (drone::vectors::folder().empty())                                                          \
    GTEST_SKIP() << "no ../shared/vectors beside the "                                             \
                    "project"

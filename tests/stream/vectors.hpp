// SPDX-License-Identifier: MIT
#pragma once

// Real and derived captures with their expected results, tests/stream/vectors. Where ../shared is
// beside the project its captures are read, too.

#include "base/file_bytes.hpp"
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
inline std::filesystem::path shared_folder() {
    for (std::filesystem::path above = DRONE_SOURCE_DIR; above != above.parent_path();
         above = above.parent_path()) {
        const std::filesystem::path candidate = above.parent_path() / "shared" / "vectors";
        if (std::filesystem::is_directory(candidate)) return candidate;
    }
    return {};
}

/// Of this repository.
inline std::filesystem::path folder() {
    return std::filesystem::path(DRONE_SOURCE_DIR) / "tests/stream/vectors";
}

/// Of a file, or of what it unpacks to.
inline std::vector<std::uint8_t> bytes(const std::filesystem::path& file) {
    const auto opened = base::file_bytes::open(file);
    if (!opened) return {};
    const auto* const first = reinterpret_cast<const std::uint8_t*>(opened->bytes().data());
    return {first, first + opened->bytes().size()};
}

inline std::vector<std::string> lines(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);)
        all.push_back(line);
    return all;
}

/// Files below the folders whose name ends so, in order.
inline std::vector<std::filesystem::path> files(const std::string& ending) {
    std::vector<std::filesystem::path> found;
    for (const auto& below : {folder(), shared_folder()}) {
        if (below.empty()) continue;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(below))
            if (entry.path().string().ends_with(ending)) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
}

} // namespace drone::vectors

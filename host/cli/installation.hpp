// SPDX-License-Identifier: MIT
#pragma once

// The files that belong to the tool: templates, CMake files, start-up code and headers.

#include <filesystem>
#include <vector>

namespace drone::cli {

/// Where they are: beside the tool, or where DRONE_ROOT says. Nothing is checked here; who needs a
/// file finds out.
struct installation {
    std::filesystem::path files;                 ///< holds templates/, cmake/ and arch/
    std::vector<std::filesystem::path> includes; ///< for the compiler: <drone/...>, <cortex_m/...>
};

/// `executable` is the running tool, PREFIX/bin/drone: the files are in PREFIX/share/drone, the headers
/// in PREFIX/include/drone. DRONE_ROOT names another such share/drone, or Drone's source tree.
[[nodiscard]] installation find_installation(const std::filesystem::path& executable);

} // namespace drone::cli

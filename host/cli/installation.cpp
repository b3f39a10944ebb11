// SPDX-License-Identifier: MIT
#include "cli/installation.hpp"

#include <cstdlib>
#include <system_error>

namespace drone::cli {

namespace fs = std::filesystem;

installation find_installation(const fs::path& executable) {
    const char* const chosen = std::getenv("DRONE_ROOT");
    const fs::path files = chosen != nullptr && *chosen != '\0'
                               ? fs::absolute(chosen)
                               : executable.parent_path().parent_path() / "share/drone";
    std::error_code ignored;
    const fs::path headers = fs::exists(files / "include/drone/version.hpp", ignored)
                                 ? files / "include"
                                 : (files / "../../include/drone").lexically_normal();
    return {.files = files, .includes = {headers, files / "arch"}};
}

} // namespace drone::cli

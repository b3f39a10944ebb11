// SPDX-License-Identifier: MIT
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace drone::base {

/// A folder of its own in the temporary directory; it goes away with the object.
class scratch {
public:
    scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "drone-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    [[nodiscard]] std::filesystem::path path(std::string_view name = {}) const {
        return name.empty() ? folder_ : folder_ / name;
    }
    [[nodiscard]] std::filesystem::path
    file(std::string_view name, std::string_view content) const {
        std::ofstream(path(name), std::ios::binary) << content;
        return path(name);
    }

private:
    std::filesystem::path folder_;
};

} // namespace drone::base

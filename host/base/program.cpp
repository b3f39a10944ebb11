// SPDX-License-Identifier: MIT
#include "base/program.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <unistd.h>

namespace drone::base {

namespace {

/// A folder may be "executed", too.
bool is_program(const std::filesystem::path& file) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
}

bool is_on_path(const std::string& program) {
    const char* const value = std::getenv("PATH");
    std::string_view folders = value != nullptr ? value : "/usr/bin:/bin"; // as execvp has it
    for (;;) {
        const std::size_t colon = folders.find(':');
        const std::string_view folder = folders.substr(0, colon);
        if (is_program(std::filesystem::path(folder.empty() ? "." : folder) / program)) return true;
        if (colon == std::string_view::npos) return false;
        folders.remove_prefix(colon + 1);
    }
}

} // namespace

result<void> require_program(const std::string& program) {
    const bool is_path = program.find('/') != std::string::npos;
    if (is_path ? is_program(program) : is_on_path(program)) return {};
    return fail(
        fmt::format(
            "{} is not installed{}",
            program,
            is_path ? "" : "; install it, so that it is on the PATH"
        ),
        error_kind::missing
    );
}

} // namespace drone::base

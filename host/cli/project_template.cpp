// SPDX-License-Identifier: MIT
#include "cli/project_template.hpp"

#include "base/errno.hpp"
#include "base/file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <vector>

namespace drone::cli {

namespace {

namespace fs = std::filesystem;

struct template_file {
    fs::path path; ///< within the template
    fs::perms permissions{};
    std::string text;
};

std::unexpected<error> refuse(const fs::path& path, std::string_view what) {
    return fail(fmt::format("{}: {}", path.string(), what));
}

result<std::vector<template_file>> read_all(const fs::path& folder) {
    std::vector<template_file> files;
    std::error_code problem;
    fs::recursive_directory_iterator entries(folder, problem);
    for (; !problem && entries != fs::end(entries); entries.increment(problem)) {
        const fs::path& path = entries->path();
        if (!entries->is_regular_file()) continue;
        auto text = base::read_file(path);
        if (!text) return std::unexpected(text.error());
        files.push_back(
            {path.lexically_relative(folder), entries->status().permissions(), *std::move(text)}
        );
    }
    if (problem)
        return refuse(
            folder,
            fmt::format(
                "{}; is all of Drone installed? DRONE_ROOT names its files elsewhere",
                problem.message()
            )
        );
    if (files.empty()) return refuse(folder, "has no template; is DRONE_ROOT right?");
    return files;
}

result<void> write(const fs::path& path, const std::string& text, fs::perms permissions) {
    std::error_code problem;
    fs::create_directories(path.parent_path(), problem);
    if (problem) return refuse(path.parent_path(), problem.message());
    std::ofstream out(path, std::ios::binary);
    out << text << std::flush;
    if (!out) return base::fail_with_errno(path.string(), errno);
    fs::permissions(path, permissions | fs::perms::owner_write, problem);
    if (problem) return refuse(path, problem.message());
    return {};
}

result<void> check_target(const fs::path& target) {
    std::error_code problem;
    const fs::file_status status = fs::status(target, problem);
    if (!fs::exists(status)) return {};
    if (!fs::is_directory(status))
        return refuse(target, "exists and is not a folder; choose another");
    if (!fs::is_empty(target, problem))
        return refuse(
            target, problem ? problem.message() : "exists and is not empty; choose another"
        );
    return {};
}

} // namespace

std::string fill_in(std::string_view text, const placeholders& values) {
    std::string filled;
    for (;;) {
        const std::size_t open = text.find("{{");
        const std::size_t close = text.find("}}", open == std::string_view::npos ? 0 : open);
        if (open == std::string_view::npos || close == std::string_view::npos)
            return filled.append(text);
        const auto value = values.find(text.substr(open + 2, close - open - 2));
        if (value != values.end()) {
            filled.append(text.substr(0, open)).append(value->second);
            text.remove_prefix(close + 2);
        } else {
            filled.append(text.substr(0, open + 1)); // the next search begins at the second brace
            text.remove_prefix(open + 1);
        }
    }
}

result<void>
instantiate(const fs::path& templates, const fs::path& target, const placeholders& values) {
    if (auto free = check_target(target); !free) return free;
    const auto files = read_all(templates);
    if (!files) return std::unexpected(files.error());
    for (const template_file& file : *files) {
        const std::string text = fill_in(file.text, values);
        if (auto written = write(target / file.path, text, file.permissions); !written)
            return written;
    }
    return {};
}

} // namespace drone::cli

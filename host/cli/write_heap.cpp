// SPDX-License-Identifier: MIT
#include "cli/write_heap.hpp"

#include "config/rewrite.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace drone::cli {

namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return lines;
}

void print_lines(char mark, auto first, auto last) {
    for (; first != last; ++first)
        fmt::print(stderr, "{}{}{}", mark, *first, first->ends_with('\n') ? "" : "\n");
}

/// The lines between the first and the last that differ, and three around them. A heap's section is
/// one place, so that is as good as a search for the smallest difference.
void print_difference(std::string_view before, std::string_view after) {
    constexpr std::ptrdiff_t context = 3;
    const auto old_lines = lines_of(before);
    const auto new_lines = lines_of(after);
    const auto first = std::ranges::mismatch(old_lines, new_lines);
    auto old_last = old_lines.end();
    auto new_last = new_lines.end();
    while (old_last != first.in1 && new_last != first.in2 && old_last[-1] == new_last[-1]) {
        --old_last;
        --new_last;
    }
    print_lines(' ', first.in1 - std::min(context, first.in1 - old_lines.begin()), first.in1);
    print_lines('-', first.in1, old_last);
    print_lines('+', first.in2, new_last);
    print_lines(' ', old_last, old_last + std::min(context, old_lines.end() - old_last));
}

bool confirmed(const std::filesystem::path& file) {
    fmt::print(stderr, "Write this to {}? [y/N] ", file.string());
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

result<void> replace_file(const std::filesystem::path& file, const std::string& text) {
    const std::filesystem::path beside = file.string() + ".new";
    const auto refused = [&file] {
        return fail(fmt::format("{} cannot be written; check its permissions", file.string()));
    };
    std::error_code problem;
    {
        std::ofstream out(beside, std::ios::binary | std::ios::trunc);
        out << text;
        out.close();
        if (!out) return refused();
    }
    std::filesystem::permissions(
        beside, std::filesystem::status(file, problem).permissions(), problem
    );
    if (!problem) std::filesystem::rename(beside, std::filesystem::canonical(file), problem);
    if (!problem) return {};
    std::filesystem::remove(beside, problem);
    return refused();
}

} // namespace

result<int> write_heap(const heap_inputs& inputs, const config::heap& written, bool yes) {
    if (!inputs.project)
        return fail("there is no Drone.toml here to write to; paste the layout, or run this inside "
                    "a project");
    const std::filesystem::path& file = *inputs.project;
    std::ifstream in(file, std::ios::binary);
    const std::string before{std::istreambuf_iterator<char>(in), {}};
    if (!in) return fail(fmt::format("{} cannot be read", file.string()));
    const auto after = config::rewrite_heap(before, file, written);
    if (!after) return std::unexpected(after.error());
    if (*after == before) {
        fmt::print(stderr, "{} already says so\n", file.string());
        return 0;
    }
    print_difference(before, *after);
    if (!yes && isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0 && !confirmed(file)) {
        fmt::print(stderr, "{} is as it was\n", file.string());
        return 1;
    }
    if (const auto done = replace_file(file, *after); !done) return std::unexpected(done.error());
    fmt::print(stderr, "{} written\n", file.string());
    return 0;
}

} // namespace drone::cli

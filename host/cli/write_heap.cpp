// SPDX-License-Identifier: MIT
#include "cli/write_heap.hpp"

#include "base/file.hpp"
#include "cli/say.hpp"
#include "config/rewrite.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <span>
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

void print_line(char mark, std::string_view line) {
    say("{}{}\n", mark, line.substr(0, line.find_last_not_of("\r\n") + 1));
}
void print_unchanged(auto first, auto last) {
    for (; first != last; ++first)
        print_line(' ', *first);
}

using some_lines = std::span<const std::string_view>;

/// What takes the fewest lines away and adds the fewest. O(lines before x lines after).
void print_changes(some_lines before, some_lines after) {
    // The most lines that [i, end) and [j, end) have in common, in order.
    const std::size_t row = after.size() + 1;
    std::vector<std::uint32_t> common((before.size() + 1) * row);
    for (std::size_t i = before.size(); i-- > 0;)
        for (std::size_t j = after.size(); j-- > 0;)
            common[i * row + j] =
                before[i] == after[j]
                    ? common[(i + 1) * row + j + 1] + 1
                    : std::max(common[(i + 1) * row + j], common[i * row + j + 1]);
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < before.size() || j < after.size()) {
        if (i < before.size() && j < after.size() && before[i] == after[j]) {
            print_line(' ', before[i++]);
            ++j;
        } else if (j == after.size() ||
                   (i < before.size() && common[(i + 1) * row + j] >= common[i * row + j + 1])) {
            print_line('-', before[i++]);
        } else {
            print_line('+', after[j++]);
        }
    }
}

/// The lines between the first and the last that differ, and three around them.
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
    print_unchanged(first.in1 - std::min(context, first.in1 - old_lines.begin()), first.in1);
    print_changes({first.in1, old_last}, {first.in2, new_last});
    print_unchanged(old_last, old_last + std::min(context, old_lines.end() - old_last));
}

/// A question is seen and answered only when both ends are a terminal.
bool can_ask() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1; }

error with_advice(error problem) {
    switch (problem.kind) {
    case error_kind::changed:
        problem.message += "; their change stays; run this again";
        break;
    case error_kind::denied:
        problem.message += "; check its owner and permissions, and those of its folder";
        break;
    case error_kind::full:
        problem.message += "; it was not changed; make room and run this again";
        break;
    default:
        problem.message += "; it was not changed";
        break;
    }
    return problem;
}

bool confirmed(const std::filesystem::path& file) {
    say("Write this to {}? [y/N] ", file.string());
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

} // namespace

result<int> write_heap(
    const heap_inputs& inputs, const config::heap& written, const std::string& remarks, bool yes
) {
    if (!inputs.project)
        return fail(
            "there is no Drone.toml in this folder or above; paste the layout, or run this inside "
            "a project"
        );
    const std::filesystem::path& file = *inputs.project;
    const auto before = base::read_file(file);
    if (!before) return std::unexpected(before.error());
    const auto after = config::rewrite_heap(*before, file, written, remarks);
    if (!after) return std::unexpected(after.error());
    if (*after == *before) {
        say("{} already has this layout\n", file.string());
        return 0;
    }
    print_difference(*before, *after);
    if (!yes && !can_ask())
        return fail(fmt::format(
            "{} was not changed: there is no terminal to ask on; add --yes", file.string()
        ));
    if (!yes && !confirmed(file)) {
        say("{} was not changed\n", file.string());
        return 1;
    }
    if (const auto done = base::replace_file(file, *after, *before); !done)
        return std::unexpected(with_advice(done.error()));
    say("{} written\n", file.string());
    return 0;
}

} // namespace drone::cli

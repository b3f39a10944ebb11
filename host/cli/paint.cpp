// SPDX-License-Identifier: MIT
#include "cli/paint.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace drone::cli {

namespace {

constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view yellow = "\x1b[33m";
constexpr std::string_view cyan = "\x1b[36m";
constexpr std::string_view plain = "\x1b[0m";

// As report::remarks() begins its lines.
constexpr std::array wrong = {
    "Leaks:", "Failed requests:", "Double frees:", "Blocks handed out while in use:"
};
constexpr std::array doubtful = {"Gaps:", "Damaged:", "Repeated:", "Suspected double frees:"};

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

bool begins_with_one_of(std::string_view line, const auto& beginnings) {
    return std::ranges::any_of(beginnings, [line](std::string_view beginning) {
        return line.starts_with(beginning);
    });
}

/// The line under a table's heading.
bool is_rule(std::string_view line) {
    return line.size() > 1 && line.find_first_not_of("-+") == std::string_view::npos;
}

/// U+2580 to U+259F: what bars and sparklines are made of.
std::size_t block_length(std::string_view text) {
    const bool is_block = text.size() > 2 && text[0] == '\xE2' && text[1] == '\x96';
    return is_block && static_cast<unsigned char>(text[2]) < 0xA0 ? 3 : 0;
}

void add_with_bars(std::string_view line, std::string& to) {
    bool in_bar = false;
    while (!line.empty()) {
        const std::size_t block = block_length(line);
        if ((block != 0) != in_bar) {
            in_bar = !in_bar;
            to += in_bar ? cyan : plain;
        }
        const std::size_t length = std::max<std::size_t>(block, 1);
        to += line.substr(0, length);
        line.remove_prefix(length);
    }
    if (in_bar) to += plain;
}

} // namespace

std::string painted(std::string_view text) {
    std::string made;
    const auto lines = split_lines(text);
    // A heading may have several lines: up to the empty line or the sentence before.
    std::vector<bool> is_heading(lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!is_rule(lines[i])) continue;
        for (std::size_t after = i; after != 0 && lines[after - 1].starts_with(' '); --after)
            is_heading[after - 1] = true;
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string_view colour = is_heading[i]                            ? bold
                                        : begins_with_one_of(lines[i], wrong)    ? red
                                        : begins_with_one_of(lines[i], doubtful) ? yellow
                                                                                 : "";
        if (colour.empty())
            add_with_bars(lines[i], made);
        else
            made.append(colour).append(lines[i]).append(plain);
        if (i + 1 != lines.size() || text.ends_with('\n')) made += '\n';
    }
    return made;
}

} // namespace drone::cli

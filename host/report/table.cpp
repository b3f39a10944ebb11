// SPDX-License-Identifier: MIT

#include "report/table.hpp"

#include "base/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace drone::report {

namespace {

/// The text in so many characters at most, of which the last three say that it was cut.
std::string cut_to(const std::string& text, std::size_t width) {
    constexpr std::string_view cut = "...";
    if (base::count_characters(text) <= width || width < cut.size()) return text;
    return std::string(base::first_characters(text, width - cut.size())) + std::string(cut);
}

} // namespace

std::string columns(
    const cells& header, const std::vector<cells>& rows, std::size_t left_column, std::size_t width
) {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < header.size(); ++i) {
        widths.push_back(base::count_characters(header[i]));
        for (const cells& row : rows)
            widths[i] = std::max(widths[i], base::count_characters(row[i]));
    }
    if (left_column + 1 == widths.size()) {
        // Each other column is its width, two blanks and a line; the last one has two blanks, too.
        std::size_t others = 2;
        for (std::size_t i = 0; i < left_column; ++i)
            others += widths[i] + 3;
        constexpr std::size_t legible = 20;
        if (width != SIZE_MAX)
            widths.back() =
                std::min(widths.back(), std::max(legible, width - std::min(width, others)));
    }
    std::string text;
    const auto add = [&](const cells& row) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i != 0) text += " |";
            if (i == left_column && i + 1 == row.size())
                text += ' ' + cut_to(row[i], widths[i]);
            else if (i == left_column)
                text += fmt::format(" {:<{}}", row[i], widths[i]);
            else
                text += fmt::format(" {:>{}}", row[i], widths[i]);
        }
        text.erase(text.find_last_not_of(' ') + 1);
        text += '\n';
    };
    add(header);
    // Names of C++ functions are long; the line below the heading need not be.
    constexpr std::size_t longest_line = 40;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        const bool is_text = i == left_column && i + 1 == widths.size();
        const std::size_t width_here = is_text ? std::min(widths[i], longest_line) : widths[i];
        text += (i == 0 ? "" : "+") + std::string(width_here + 2, '-');
    }
    text += '\n';
    for (const cells& row : rows)
        add(row);
    return text;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "0.00%";
    return fmt::format("{:.2f}%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string usage_table(const usage::statistics& usage, std::optional<std::uint64_t> heap_size) {
    std::vector<cells> rows;
    for (const usage::size_usage& r : usage.rows())
        rows.push_back(
            {fmt::format("{}", r.size), fmt::format("{}", r.max_load), fmt::format("{}", r.total)}
        );
    const std::uint64_t sum = usage.maximum_usage();
    const std::uint64_t peak = usage.peak_bytes();
    // More than a heap may have held, for the peaks were at different times: that is no share of it.
    const bool sum_has_share = heap_size && sum <= *heap_size;
    const auto bytes = [&](std::string_view label, std::uint64_t count, bool has_share) {
        if (!has_share) return fmt::format("{}: {}\n", label, count);
        return fmt::format("{}: {} / {}\n", label, count, percent(count, *heap_size));
    };
    return columns({"Block Size", "Max Load", "Total Allocations"}, rows) + "\n" +
           bytes("Maximum memory usage", sum, sum_has_share) +
           bytes("Peak live memory", peak, heap_size.has_value()) +
           (sum == peak ? ""
                        : fmt::format(
                              "(Maximum memory usage adds up the peaks of all sizes, which were at "
                              "different times{}.)\n",
                              heap_size && !sum_has_share ? "; so it may exceed the heap" : ""
                          ));
}

} // namespace drone::report

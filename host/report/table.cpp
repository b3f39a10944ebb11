// SPDX-License-Identifier: MIT

#include "report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace drone::report {

namespace {

using row = std::array<std::string, 3>;

/// Columns as wide as their widest text.
std::string columns(const row& header, const std::vector<row>& rows) {
    std::array<std::size_t, 3> widths{};
    for (std::size_t i = 0; i < widths.size(); ++i) {
        widths[i] = header[i].size();
        for (const row& r : rows)
            widths[i] = std::max(widths[i], r[i].size());
    }
    const auto line = [&](const row& r) {
        return fmt::format(
            " {:>{}} | {:>{}} | {:>{}}\n", r[0], widths[0], r[1], widths[1], r[2], widths[2]
        );
    };
    std::string text = line(header);
    text += fmt::format(
        "{:->{}}+{:->{}}+{:->{}}\n", "", widths[0] + 2, "", widths[1] + 2, "", widths[2] + 2
    );
    for (const row& r : rows)
        text += line(r);
    return text;
}

} // namespace

std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "0.00%";
    return fmt::format("{:.2f}%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string usage_table(const trace::statistics& usage, std::optional<std::uint64_t> heap_size) {
    std::vector<row> rows;
    for (const trace::size_usage& r : usage.rows())
        rows.push_back(
            {fmt::format("{}", r.size), fmt::format("{}", r.max_load), fmt::format("{}", r.total)}
        );
    const auto bytes = [&](std::string_view label, std::uint64_t count) {
        if (!heap_size) return fmt::format("{}: {}\n", label, count);
        return fmt::format("{}: {} / {}\n", label, count, percent(count, *heap_size));
    };
    return columns({"Block Size", "Max Load", "Total Allocations"}, rows) + "\n" +
           bytes("Maximum memory usage", usage.maximum_usage()) +
           bytes("Peak live memory", usage.peak_bytes());
}

} // namespace drone::report

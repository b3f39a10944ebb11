// SPDX-License-Identifier: MIT

#include "report/table.hpp"

#include "base/printable.hpp"
#include "report/bars.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace drone::report {

namespace {

/// The text in so many characters at most, of which the last three say that it was cut.
std::string cut_to(const std::string& text, std::size_t width) {
    constexpr std::string_view cut = "...";
    if (base::count_characters(text) <= width || width < cut.size()) return text;
    return std::string(base::first_characters(text, width - cut.size())) + std::string(cut);
}

/// The heading in lines of whole words, each no wider than `width` where a word allows it.
std::vector<std::string> in_lines(const std::string& heading, std::size_t width) {
    std::vector<std::string> lines;
    std::istringstream words(heading);
    for (std::string word; words >> word;) {
        if (!lines.empty() && base::count_characters(lines.back() + ' ' + word) <= width)
            lines.back() += ' ' + word;
        else
            lines.push_back(word);
    }
    return lines;
}

/// A table on its way to text.
class drawn_table {
public:
    drawn_table(
        const cells& header, const std::vector<cells>& rows, std::size_t left, std::size_t width
    )
        : headers_{header}, rows_(rows), left_(left), width_(width) {
        measure();
        if (width_ == SIZE_MAX) return;
        if (is_cut()) widths_.back() = std::min(widths_.back(), room_for_last());
        if (text_width() > width_) break_headings();
    }

    /// Whether figures take so much of the width that the text at the end would not be legible.
    [[nodiscard]] bool leaves_no_room_for_text() const { return is_cut() && text_width() > width_; }

    [[nodiscard]] std::string text() const {
        std::string all;
        for (const cells& header : headers_)
            add(header, all);
        add_rule(all);
        for (const cells& row : rows_)
            add(row, all);
        return all;
    }

private:
    /// Whether the last column is text, which may lose its end.
    [[nodiscard]] bool is_cut() const { return left_ + 1 == widths_.size(); }

    void measure() {
        widths_.assign(headers_.front().size(), 0);
        for (std::size_t i = 0; i < widths_.size(); ++i) {
            for (const cells& header : headers_)
                widths_[i] = std::max(widths_[i], base::count_characters(header[i]));
            for (const cells& row : rows_)
                widths_[i] = std::max(widths_[i], base::count_characters(row[i]));
        }
    }

    /// Each column is its width and two blanks; between two is a line.
    [[nodiscard]] std::size_t text_width() const {
        std::size_t all = widths_.empty() ? 0 : widths_.size() - 1;
        for (const std::size_t width : widths_)
            all += width + 2;
        return all;
    }
    [[nodiscard]] std::size_t room_for_last() const {
        const std::size_t others = text_width() - widths_.back();
        constexpr std::size_t legible = 20;
        return std::max(legible, width_ - std::min(width_, others));
    }

    /// Headings of figures go over as many lines as their words need.
    void break_headings() {
        const cells whole = headers_.front();
        std::vector<std::vector<std::string>> lines;
        std::size_t most = 1;
        for (std::size_t i = 0; i < whole.size(); ++i) {
            std::size_t figures = 0;
            for (const cells& row : rows_)
                figures = std::max(figures, base::count_characters(row[i]));
            lines.push_back(
                i == left_ ? std::vector{whole[i]}
                           : in_lines(whole[i], std::max<std::size_t>(figures, 1))
            );
            most = std::max(most, lines.back().size());
        }
        headers_.assign(most, cells(whole.size()));
        for (std::size_t i = 0; i < whole.size(); ++i)
            for (std::size_t line = 0; line < lines[i].size(); ++line)
                headers_[most - lines[i].size() + line][i] = lines[i][line];
        measure();
        if (is_cut()) widths_.back() = std::min(widths_.back(), room_for_last());
    }

    void add(const cells& row, std::string& to) const {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (i != 0) line += " |";
            if (i == left_ && i + 1 == row.size())
                line += ' ' + cut_to(row[i], widths_[i]);
            else if (i == left_)
                line += fmt::format(" {:<{}}", row[i], widths_[i]);
            else
                line += fmt::format(" {:>{}}", row[i], widths_[i]);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        to.append(base::first_characters(line, width_)) += '\n';
    }

    void add_rule(std::string& to) const {
        // Names of C++ functions are long; the line below the heading need not be.
        constexpr std::size_t longest_line = 40;
        std::string rule;
        for (std::size_t i = 0; i < widths_.size(); ++i) {
            const bool is_text = i == left_ && i + 1 == widths_.size();
            const std::size_t width = is_text ? std::min(widths_[i], longest_line) : widths_[i];
            rule += (i == 0 ? "" : "+") + std::string(width + 2, '-');
        }
        to.append(base::first_characters(rule, width_)) += '\n';
    }

    std::vector<cells> headers_; ///< lines of the heading
    const std::vector<cells>& rows_;
    std::size_t left_;
    std::size_t width_;
    std::vector<std::size_t> widths_;
};

} // namespace

std::string columns(
    const cells& header, const std::vector<cells>& rows, std::size_t left_column, std::size_t width
) {
    cells fewer = header;
    std::vector<cells> fewer_rows = rows;
    while (true) {
        const drawn_table table(fewer, fewer_rows, left_column, width);
        if (!table.leaves_no_room_for_text() || fewer.size() <= 2) return table.text();
        const auto last_figure = static_cast<std::ptrdiff_t>(--left_column);
        fewer.erase(fewer.begin() + last_figure);
        for (cells& row : fewer_rows)
            row.erase(row.begin() + last_figure);
    }
}

std::vector<proportion> of_largest(const std::vector<std::uint64_t>& parts) {
    const std::uint64_t most = parts.empty() ? 0 : std::ranges::max(parts);
    std::vector<proportion> shares;
    shares.reserve(parts.size());
    for (const std::uint64_t part : parts)
        shares.push_back({.part = part, .whole = most});
    return shares;
}

std::string columns_with_bars(
    cells header, std::vector<cells> rows, const std::vector<proportion>& shares, const look& how
) {
    constexpr std::size_t shortest = 8;
    constexpr std::size_t longest = 40;
    std::size_t taken = 3; // the blanks and the line of the bars
    for (std::size_t i = 0; i < header.size(); ++i) {
        std::size_t width = base::count_characters(header[i]);
        for (const cells& row : rows)
            width = std::max(width, base::count_characters(row[i]));
        taken += width + 3;
    }
    if (!how.bars || how.width == SIZE_MAX || how.width < taken + shortest)
        return columns(header, rows, SIZE_MAX, how.width);
    const std::size_t length = std::min(longest, how.width - taken);
    header.emplace_back();
    for (std::size_t i = 0; i < rows.size(); ++i)
        rows[i].push_back(bar(shares[i].part, shares[i].whole, length, how.utf8));
    return columns(header, rows, header.size() - 1, how.width);
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (whole == 0) return "0.00%";
    return fmt::format("{:.2f}%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string usage_table(
    const usage::statistics& usage, std::optional<std::uint64_t> heap_size, const look& how
) {
    std::vector<cells> rows;
    std::vector<std::uint64_t> bytes_of_rows;
    for (const usage::size_usage& r : usage.rows()) {
        rows.push_back(
            {fmt::format("{}", r.size), fmt::format("{}", r.max_load), fmt::format("{}", r.total)}
        );
        bytes_of_rows.push_back(std::uint64_t{r.size} * r.max_load);
    }
    const std::uint64_t sum = usage.maximum_usage();
    const std::uint64_t peak = usage.peak_bytes();
    // More than a heap may have held, for the peaks were at different times: that is not a share of it.
    const bool sum_has_share = heap_size && sum <= *heap_size;
    const auto bytes = [&](std::string_view label, std::uint64_t count, bool has_share) {
        if (!has_share) return fmt::format("{}: {}\n", label, count);
        return fmt::format("{}: {} / {}\n", label, count, percent(count, *heap_size));
    };
    return columns_with_bars(
               {"Block Size", "Max Load", "Total Allocations"}, rows, of_largest(bytes_of_rows), how
           ) +
           "\n" + bytes("Maximum memory usage", sum, sum_has_share) +
           bytes("Peak live memory", peak, heap_size.has_value()) +
           (sum == peak ? ""
                        : fmt::format(
                              "(Maximum memory usage adds up the peaks of all sizes, which were at "
                              "different times{}.)\n",
                              heap_size && !sum_has_share ? "; so it may exceed the heap" : ""
                          ));
}

} // namespace drone::report

// SPDX-License-Identifier: MIT
#pragma once

// The table of `drone heap`, and tables in its manner.

#include "trace/findings.hpp"
#include "usage/statistics.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace drone::report {

/// How a table is shown.
struct look {
    std::size_t width = SIZE_MAX; ///< columns of the terminal; none: as wide as the text is
    bool bars = false;            ///< beside the figures, where there is room
    bool utf8 = true;             ///< what the terminal can draw them with
};

/// Text in columns, each as wide as its widest text and flush right; `left_column`, if any, flush
/// left, and cut where it is the last one and a row is wider than `width`. Where figures alone are
/// wider, headings go on in a second line, the figures right before the text at the end are left out
/// until it is legible, and what still is too long is cut. Every row has as many
/// cells as the header.
using cells = std::vector<std::string>;
[[nodiscard]] std::string columns(
    const cells& header,
    const std::vector<cells>& rows,
    std::size_t left_column = SIZE_MAX,
    std::size_t width = SIZE_MAX
);

/// How much of something a row is.
struct proportion {
    std::uint64_t part = 0;
    std::uint64_t whole = 0;
};

/// Each of them as a part of the largest.
[[nodiscard]] std::vector<proportion> of_largest(const std::vector<std::uint64_t>& parts);

/// The same, with a bar at the end of every row where the look has them and the width has room.
[[nodiscard]] std::string columns_with_bars(
    cells header, std::vector<cells> rows, const std::vector<proportion>& shares, const look& how
);

/// `part` of `whole` as `2.20%`; the part of nothing is 0.00%.
[[nodiscard]] std::string percent(std::uint64_t part, std::uint64_t whole);

/// The table of sizes, the maximum usage and the peak; with the heap's size also as its share. A bar is
/// the bytes of a size at its most.
[[nodiscard]] std::string usage_table(
    const usage::statistics& usage, std::optional<std::uint64_t> heap_size, const look& how = {}
);

} // namespace drone::report

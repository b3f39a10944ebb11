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

/// Text in columns, each as wide as its widest text and flush right; `left_column`, if any, flush
/// left, and cut where it is the last one and a row is wider than `width`. Every row has as many
/// cells as the header.
using cells = std::vector<std::string>;
[[nodiscard]] std::string columns(
    const cells& header,
    const std::vector<cells>& rows,
    std::size_t left_column = SIZE_MAX,
    std::size_t width = SIZE_MAX
);

/// `part` of `whole` as `2.20%`; the part of nothing is 0.00%.
[[nodiscard]] std::string percent(std::uint64_t part, std::uint64_t whole);

/// The table of sizes, the maximum usage and the peak; with the heap's size also as its share.
[[nodiscard]] std::string
usage_table(const usage::statistics& usage, std::optional<std::uint64_t> heap_size);

} // namespace drone::report

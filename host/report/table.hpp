// SPDX-License-Identifier: MIT
#pragma once

// The text that `drone heap` prints.

#include "trace/findings.hpp"
#include "trace/statistics.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace drone::report {

/// `part` of `whole` as `2.20%`; the part of nothing is 0.00%.
[[nodiscard]] std::string percent(std::uint64_t part, std::uint64_t whole);

/// The table of sizes, the maximum usage and the peak; with the heap's size also as its share.
[[nodiscard]] std::string
usage_table(const trace::statistics& usage, std::optional<std::uint64_t> heap_size);

} // namespace drone::report

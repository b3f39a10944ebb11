// SPDX-License-Identifier: MIT
#pragma once

// Who asked for memory, as a tree: the program's own function that asked, below it who called that
// one, and so on outward. Functions of libraries are folded, and those that the user skips.

#include "report/heap_report.hpp"

#include <string>
#include <vector>

namespace drone::report {

/// Functions that called each other one way only, innermost first, and what was asked for through
/// them.
struct caller_node {
    std::vector<std::string> functions;
    usage::share sum;
    /// Callers in it. Of more than one, sum.peak_bytes is not known: their peaks were at times of
    /// their own.
    std::size_t callers = 0;
    std::vector<caller_node> called_by; ///< most bytes first
};

/// Of all callers in that run, most bytes first.
[[nodiscard]] std::vector<caller_node> caller_tree(const heap_report& r, const run& one);

} // namespace drone::report

// SPDX-License-Identifier: MIT
#pragma once

// What `drone heap` has to say, gathered: the runs that were read and their union.

#include "trace/analysis.hpp"
#include "trace/findings.hpp"
#include "trace/statistics.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace drone::report {

/// One file.
struct run {
    std::string file;
    trace::findings found;
    trace::analysis details;
};

/// The functions at a caller's address, innermost first, each as `name at file:line`; empty when
/// nothing is known.
using caller_names = std::function<std::vector<std::string>(std::uint32_t caller)>;

struct heap_report {
    trace::statistics usage; ///< of all runs
    std::vector<run> runs;
    std::optional<std::uint64_t> heap_size; ///< bytes; what percentages are of
    caller_names names = [](std::uint32_t) { return std::vector<std::string>{}; };
};

} // namespace drone::report

// SPDX-License-Identifier: MIT
#pragma once

// What `drone heap` has to say, gathered: the runs that were read and their union.

#include "trace/findings.hpp"
#include "usage/analysis.hpp"
#include "usage/statistics.hpp"

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
    usage::analysis details{0}; ///< for sections and JSON; the table and its remarks do without
};

/// The functions at a native caller's address, innermost first, each as `name at file:line`; empty
/// when nothing is known.
using caller_names = std::function<std::vector<std::string>(std::uint32_t address)>;

/// A context's name, see wire::context_limit: an exception's, or a thread's number.
[[nodiscard]] std::string context_name(std::uint16_t context);

struct heap_report {
    usage::statistics usage; ///< of all runs
    std::vector<run> runs;
    std::optional<std::uint64_t> heap_size; ///< bytes; what percentages are of
    caller_names functions_at = [](std::uint32_t) { return std::vector<std::string>{}; };

    /// The functions of a caller in that run: the file's own names, else functions_at().
    [[nodiscard]] std::vector<std::string> names(const run& in, std::uint32_t caller) const {
        if (caller == 0) return {};
        if (in.found.format == trace::format::native) return functions_at(caller);
        if (caller < in.found.callers.size() && !in.found.callers[caller].empty())
            return {in.found.callers[caller]};
        return {};
    }
};

} // namespace drone::report

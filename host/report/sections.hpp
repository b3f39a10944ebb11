// SPDX-License-Identifier: MIT
#pragma once

// The tables that `drone heap --by ...` adds: one way to look at the trace each.

#include "base/error.hpp"
#include "report/heap_report.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace drone::report {

/// What `--by` takes.
[[nodiscard]] std::vector<std::string> section_names();

/// That table, for every run; a line that says why where a run has nothing to show.
[[nodiscard]] std::string section(const heap_report& r, std::string_view name);

} // namespace drone::report

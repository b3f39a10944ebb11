// SPDX-License-Identifier: MIT
#pragma once

// The lines under the table: gaps, what is live at the end, failed requests, wrong frees.

#include "report/heap_report.hpp"

#include <string>

namespace drone::report {

/// A line, or a few, for each thing that there is to remark; empty when there is nothing.
[[nodiscard]] std::string remarks(const heap_report& r);

} // namespace drone::report

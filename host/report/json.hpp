// SPDX-License-Identifier: MIT
#pragma once

// Everything that `drone heap` knows, as JSON.

#include "report/heap_report.hpp"

#include <string>

namespace drone::report {

/// One object, indented, with a newline at its end. Keys stay; new ones may come.
[[nodiscard]] std::string to_json(const heap_report& r);

} // namespace drone::report

// SPDX-License-Identifier: MIT
#pragma once

// Everything that `drone heap` knows, as JSON.

#include "report/heap_report.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace drone::report {

/// One object, indented, with a newline at its end. Keys stay; new ones may come.
[[nodiscard]] std::string to_json(const heap_report& r);

/// The part of a run's object that says what was read, lost, damaged and done wrong.
[[nodiscard]] nlohmann::ordered_json findings_json(const trace::findings& f);

} // namespace drone::report

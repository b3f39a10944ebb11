// SPDX-License-Identifier: MIT
#pragma once

// The page of `drone heap report`: one self-contained file of HTML. docs/report.md says what it shows
// and how its data is written.

#include "base/error.hpp"
#include "report/heap_report.hpp"
#include "usage/timeline.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <vector>

namespace drone::report {

/// An earlier run of the same program, drawn after this one's curve.
struct run_before {
    std::string file;
    std::uint64_t events = 0;
    usage::extremes live{1};
    std::uint64_t peak_bytes = 0;
    std::uint64_t peak_event = 0;
};

/// What a page is made from. The report has one run, with details.
struct page {
    const heap_report& report;
    const usage::timeline_request& asked; ///< timeline_for()
    const usage::timeline& line;          ///< what became of it
    std::string title;                    ///< the program
    const nlohmann::ordered_json* suggested =
        nullptr; ///< what page/layout.js draws; null: no layout
    const run_before* before = nullptr;
};

/// How the run of this report is to be read for its page: `r` has one run, with details.
[[nodiscard]] usage::timeline_request timeline_for(const heap_report& r);

/// The page's data, and the whole page.
[[nodiscard]] nlohmann::ordered_json page_data(const page& p);
/// Fails where the tool was built without uPlot.
[[nodiscard]] result<std::string> html(const page& p);

} // namespace drone::report

// SPDX-License-Identifier: MIT
#pragma once

// Reads a summary of runs (docs/formats.md, "Demand"): JSON Lines, one that says what it is, and one
// for each moment, with the blocks that were live then. It is read as a run that goes from moment to
// moment, blocks given back first.

#include "trace/findings.hpp"
#include "trace/sink.hpp"

#include <optional>
#include <string_view>

namespace drone::trace {

inline constexpr std::uint32_t newest_demand_summary = 1;

/// The version that the first line names; nothing when the text is not a summary.
[[nodiscard]] std::optional<std::uint32_t> demand_summary_version(std::string_view text);

/// Reads the whole text; it may be several summaries, one after the other.
[[nodiscard]] findings read_demand_summary(std::string_view text, sink& to);

} // namespace drone::trace

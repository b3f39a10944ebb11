// SPDX-License-Identifier: MIT
#pragma once

// What `drone heap generate` prints: the section that can be pasted or the same as JSON, for
// standard output, and the talk about it, for standard error.

#include "cli/heap_inputs.hpp"
#include "config/config.hpp"
#include "layout/plan.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace drone::cli {

struct generated_heap {
    const heap_inputs& inputs;
    layout::plan plan;
    std::vector<layout::curve_point> curve; ///< where a range of pools was asked for
    std::size_t knee = 0;                   ///< of the curve, in pools
    layout::uncertainty doubt;
    std::uint64_t hopeless = 0; ///< failed requests that no layout of this heap serves
    /// The same traces on the layout of Drone.toml; nothing where that has none.
    std::optional<layout::replay_report> today = {};
    bool squeeze_asked = false;
};

/// The heap as Drone.toml is to say it: alignment and origin of today's heap are kept where they
/// still do.
[[nodiscard]] config::heap heap_of(const generated_heap& heap);

/// Comment lines that belong to the section: fragmentation, and what gaps make of it.
[[nodiscard]] std::string remarks(const generated_heap& heap);

[[nodiscard]] std::string to_toml(const generated_heap& heap);
[[nodiscard]] std::string to_json(const generated_heap& heap);

/// Banner, proof, headroom, replay, and how today's layout compares.
[[nodiscard]] std::string talk(const generated_heap& heap);

} // namespace drone::cli

// SPDX-License-Identifier: MIT
#pragma once

// What `drone heap generate` prints of a heap with an overflow region: the section that can be
// pasted or the same as JSON, for standard output, and the talk about it, for standard error.

#include "cli/heap_inputs.hpp"
#include "config/config.hpp"
#include "layout/overflow_plan.hpp"
#include "layout/replay.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace drone::cli {

/// A layout with an overflow region, and all that the output says about it.
struct generated_overflow {
    const heap_inputs& inputs;
    layout::overflow_plan plan;
    layout::uncertainty doubt;
    /// The same traces on the heap of Drone.toml; nothing where that has no layout.
    std::optional<layout::replay_report> today = {};
};

/// The heap as Drone.toml is to say it.
[[nodiscard]] config::heap heap_of(const generated_overflow& heap);

/// The remarks after its section.
[[nodiscard]] std::string remarks(const generated_overflow& heap);
[[nodiscard]] std::string to_toml(const generated_overflow& heap);
[[nodiscard]] std::string to_json(const generated_overflow& heap);

/// What the traces leave open (trace::left_open(), not empty), and what that means for the region.
[[nodiscard]] std::string
left_open_text(std::string_view left_open, const layout::overflow_plan& plan);

/// What any heap needs, what was tried, what holds in any order, what an adversary could do,
/// headroom, replay.
[[nodiscard]] std::string talk(const generated_overflow& heap);

} // namespace drone::cli

// SPDX-License-Identifier: MIT
#pragma once

// What `drone heap generate` prints: the section that can be pasted or the same as JSON, for
// standard output, and the talk about it, for standard error.

#include "cli/heap_inputs.hpp"
#include "config/config.hpp"
#include "layout/plan.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace drone::cli {

/// A layout of pools, and all that the output says about it.
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
    std::size_t asked_pools = 0; ///< the layout has so many at most
};

/// A heap of these pools as Drone.toml is to say it: alignment and origin of today's heap are kept
/// where they still do, and what is permanent.
[[nodiscard]] config::heap suggested_heap(
    const heap_inputs& inputs,
    std::uint32_t size,
    std::uint32_t alignment,
    const std::vector<pool_spec>& pools
);

[[nodiscard]] config::heap heap_of(const generated_heap& heap);

/// Comment lines that belong to the section: fragmentation, and what gaps make of it.
[[nodiscard]] std::string remarks(const generated_heap& heap);

[[nodiscard]] std::string to_toml(const generated_heap& heap);
[[nodiscard]] std::string to_json(const generated_heap& heap);
/// Of a heap that was laid out without a trace: what it is, and nothing that it would need.
[[nodiscard]] std::string to_json(const config::heap& heap);

/// Banner, proof, headroom, replay, and how today's layout compares.
[[nodiscard]] std::string talk(const generated_heap& heap);

// What both kinds of layout print, pools alone and pools with an overflow region.

[[nodiscard]] nlohmann::ordered_json pools_json(std::span<const pool_spec> pools);
[[nodiscard]] std::string fragmentation_line(std::uint64_t bytes, std::uint64_t size);
/// What gaps make uncertain, and the reserve that is held against it, if any.
[[nodiscard]] std::string doubt_text(const layout::uncertainty& doubt, const std::string& reserve);
[[nodiscard]] std::string failure_text(const heap_inputs& inputs, const layout::failure& failed);
/// That the traced run was denied memory, and what that means for the layout; empty if it was not.
[[nodiscard]] std::string denied_text(const heap_inputs& inputs, std::uint64_t hopeless);
/// How the heap of Drone.toml does on the same traces, or why no heap can have its pools; empty where
/// it has no layout.
[[nodiscard]] std::string
comparison(const heap_inputs& inputs, const std::optional<layout::replay_report>& on_today);

} // namespace drone::cli

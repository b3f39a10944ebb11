// SPDX-License-Identifier: MIT
#pragma once

// What a layout of pools needs to know of runs, in a few kilobytes.
//
// A pool serves, in each level of alignment, a range of the classes. What a layout needs to know of
// a run is how many blocks of each such set are live at most. A few moments of the run tell all of
// that: for every set there is one at which its peak is reached. So a summary is a list of moments,
// and it is read as a short run that goes through them. Of two runs, the peak of a set is the larger
// one: summaries are merged by putting their moments together.

#include "base/error.hpp"
#include "layout/classes.hpp"
#include "usage/demand.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace drone::layout {

/// The sets of classes that a pool of any layout may serve, each once, none empty. The lowest levels
/// of alignment up to some level, in each of them the classes above what smaller pools serve; those
/// reach less far, or as far, the higher the level. Closed under leaving classes out: the sets of
/// one run are those of all runs without the classes of the others. Nothing if there are more than
/// `limit`.
[[nodiscard]] std::optional<std::vector<class_set>>
pool_sets(const workload& work, std::size_t limit);

/// The moments that tell the peak of every set, and what else a layout rests on.
struct demand_summary {
    std::vector<block_class> classes;
    /// Live blocks by class. Each moment has only the classes for which it is needed.
    std::vector<std::vector<std::int32_t>> moments;
    std::uint64_t runs = 0;
    std::uint64_t events = 0;
    std::uint64_t steps = 0;
    std::uint64_t failed = 0;   ///< requests; they are demand, except
    std::uint64_t left_out = 0; ///< those of them that no heap of that size can serve
    usage::missing_events missing;
};

/// Summarises runs, which may be summaries themselves. `size`: of the heap, bytes; failed requests
/// that are larger are left out. O(steps * sets / 16) at worst, and the sets are about half the
/// square of the classes where all have the same alignment. Fails where a summary would have to
/// tell more than some million sets apart.
[[nodiscard]] result<demand_summary>
summarise(std::span<const usage::demand> runs, std::optional<std::uint64_t> size = std::nullopt);

/// As JSON Lines (docs/formats.md): a line that says what it is, then one for each moment.
[[nodiscard]] std::string
to_lines(const demand_summary& s, std::span<const std::uint32_t> builds = {});

} // namespace drone::layout

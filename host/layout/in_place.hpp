// SPDX-License-Identifier: MIT
#pragma once

// Resizes in place, as a heap of pools does them: a block that shrinks keeps its place, whatever
// the layout, and a block that grows keeps it while it fits. So a block counts with the largest
// class that it had since it was taken, until it is given back.

#include "usage/demand.hpp"

#include <optional>

namespace drone::layout {

/// The run as the layout problem has to see it: shrinks in place left out, growth in place as one
/// step back and one step on, every block given back as the class it was charged with. Nothing when
/// the run is so already. Without block numbers, the block resized or given back is taken to be the
/// one of its class that came last. O(steps).
[[nodiscard]] std::optional<usage::demand> with_blocks_in_place(const usage::demand& run);

} // namespace drone::layout

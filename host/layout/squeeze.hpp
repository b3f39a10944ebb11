// SPDX-License-Identifier: MIT
#pragma once

// Fewer bytes by counting on fall-over: a full pool's request goes to the next larger pool that
// serves it, so pools whose peaks do not coincide can lend each other blocks.
//
// What is found holds these very runs: it was replayed. It says nothing about the same requests in
// another order, and more capacity can even make a run fail that less of it served: a request that
// no longer falls over takes a block that a later one needs. So this is a search, not an optimum.

#include "layout/bound.hpp"
#include "layout/optimum.hpp"
#include "usage/demand.hpp"

#include <drone/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace drone::layout {

/// A layout that counts on fall-over.
struct squeezed_layout {
    std::vector<pool_spec> pools;
    std::int64_t bytes = 0;
    std::size_t replays = 0; ///< that it took
};

/// Starts from the pools that would attain the lower bound, and from the optimum without fall-over;
/// replays, gives each pool what its requests lacked, and takes back what is not missed. Nothing
/// when it finds nothing below the optimum. Bounded by some 3 * 10^7 replayed steps, fewer beyond 16
/// pools, and up to 16 pools by at least a few replays.
[[nodiscard]] std::optional<squeezed_layout> squeeze(
    std::span<const usage::demand> runs,
    std::uint32_t alignment,
    const optimum& plain,
    const lower_bound& bound
);

} // namespace drone::layout

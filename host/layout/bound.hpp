// SPDX-License-Identifier: MIT
#pragma once

// What no layout of K pools can beat, whatever its policy, fall-over into larger pools included.
//
// At its peak, G(b) blocks larger than b are live at one time, so the pools with larger blocks hold
// at least that many together. With blocks b1 < ... < bK and b0 = 0, K pools therefore take at
// least
//
//     LB_K = min over b1 .. bK of the sum of (b_k - b_(k-1)) * G(b_(k-1))
//
// bytes. Alignment only adds to that: a class counts with the smallest block that can serve it.

#include "layout/loads.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace drone::layout {

/// A bound, and the pools that would meet it if every request fell over just where it should.
struct lower_bound {
    struct pool {
        std::uint32_t block = 0;
        std::int64_t capacity = 0;
    };
    std::int64_t bytes = 0;
    std::vector<pool> chain; ///< ascending; empty pools left out
};

/// LB_1 .. LB_most, exact: [k - 1] is for k pools. Cutting planes as in the optimum: G is measured
/// only where a bound rests on it. O(sizes^2 * most) a round.
[[nodiscard]] std::vector<lower_bound> lower_bounds(const load_index& index, std::size_t most);

} // namespace drone::layout

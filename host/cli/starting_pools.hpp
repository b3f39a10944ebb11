// SPDX-License-Identifier: MIT
#pragma once

// The pools of a project that has no trace yet.

#include <drone/layout.hpp>

#include <cstdint>
#include <vector>

namespace drone::cli {

/// The smallest heap that starting_pools() lays out, bytes.
inline constexpr std::uint32_t smallest_starting_heap = 512;

/// Pools from one word up to a twentieth of the heap, denser among small blocks, that fill `size`
/// bytes as layout::layout_without_trace() does. All but the first are multiples of the default
/// alignment, so that a request for any size and fundamental alignment up to the largest block
/// finds a pool. Requires at least smallest_starting_heap.
[[nodiscard]] std::vector<pool_spec> starting_pools(std::uint32_t size);

} // namespace drone::cli

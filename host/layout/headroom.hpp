// SPDX-License-Identifier: MIT
#pragma once

// What to do with the memory that a trace does not need: rules that turn loads into capacities.

#include "layout/optimum.hpp"

#include <drone/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace drone::layout {

/// A rule that shares the rest of the heap among the pools.
enum class headroom : std::uint8_t {
    spread,   ///< by weights that favour the middle pools; twice the loads at least
    none,     ///< exactly the loads
    scale,    ///< the largest factor by which all loads may grow at once and fit
    balanced, ///< half of the free bytes to scale, half as equal bytes a pool
};

/// The rule of that name; nothing for another name.
[[nodiscard]] std::optional<headroom> headroom_named(std::string_view name);

/// Shares `free_bytes` out among pools of these blocks: pool i of n has the weight
/// 1/4 + 3/4 * (1 - (1 - 2i/(n-1))^2), gets round(free * weight / block) more blocks, as many as
/// still fit; then, from the largest block down, as many more as the rest allows. One pool takes
/// everything. Exact in integers. Requires as many capacities as blocks, at most 255.
void spread_over(
    std::span<const std::uint32_t> blocks,
    std::uint64_t free_bytes,
    std::span<std::uint64_t> capacities
);

/// The same with a floor, for pools whose capacities are what is needed: one that the shares leave
/// below twice that, or as near to twice as the bytes allow and a block to spare at least, gets it
/// first, from the pools that have the largest multiple. Where no pool is below, nothing changes.
/// Requires positive capacities below 2^32.
void spread_with_floor(
    std::span<const std::uint32_t> blocks,
    std::uint64_t free_bytes,
    std::span<std::uint64_t> capacities
);

/// A layout and what it rests on.
struct sized_layout {
    std::vector<pool_spec> pools;
    optimum base; ///< before headroom
};

/// What to make of `pools` pools at most.
struct sizing {
    std::size_t pools = 1;
    std::uint64_t size = 0; ///< bytes for all blocks
    headroom rule = headroom::spread;
    /// Before none and spread each pool grows by this factor, and by a block at least, as far as
    /// the size allows. Set where the loads are known to be too low.
    std::optional<growth> uncertainty;
};

/// Capacities by that rule. Nothing when the optimum for so many pools does not fit the size, or
/// when there is none. For scale and balanced the partition is the one that is best for the factor
/// found.
[[nodiscard]] std::optional<sized_layout> size_layout(optimizer& search, const sizing& wanted);

/// Of all blocks. Requires a layout that fits a heap.
[[nodiscard]] std::uint32_t bytes_of(std::span<const pool_spec> pools);

/// By how much every load may grow at once before a pool is full, and which pool is the first.
struct reserve {
    double factor = 1.0;
    std::size_t first_full = 0;
};
[[nodiscard]] reserve
reserve_of(std::span<const pool_spec> pools, std::span<const std::int64_t> loads);

/// Pools of a layout for a program of which nothing is known, where nobody says how many.
inline constexpr std::size_t usual_pools = 12;

/// A layout for a program of which nothing is known yet: blocks from one granule to size/20, the
/// i-th of n at the power 2.75 of i/(n-1) between them, capacities by spread_over(). Where that
/// leaves a pool empty, each gets a block first. All but the first are multiples of the default
/// alignment, so that every fundamental alignment finds a pool. Fewer pools than asked for where
/// one block of each does not fit the size.
[[nodiscard]] std::vector<pool_spec> layout_without_trace(std::uint32_t size, std::size_t pools);

} // namespace drone::layout

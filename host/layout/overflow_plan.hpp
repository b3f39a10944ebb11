// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "layout/plan.hpp"
#include "layout/replay.hpp"
#include "usage/demand.hpp"

#include <drone/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace drone::layout {

/// A question for a layout with an overflow region.
struct overflow_request {
    std::size_t most_pools = 16;            ///< 0: the region alone
    std::optional<std::uint64_t> size = {}; ///< of the heap, bytes
    bool reserve = true; ///< without a size: a heap of what is needed and a tenth, or no more
};

/// From runs of a program to a heap with an overflow region: which pools in front, how many bytes.
///
/// Whether a region holds a run is not monotone in its size: a run can fail at a larger size than one
/// that holds it, as with every allocator that splits and merges. The least size that holds is a
/// lucky one. So a size counts when it holds every run as traced and in many other orders
/// (orders.hpp), and larger sizes, up to a tenth above, do too. Every size is tried by replay through
/// drone::basic_heap itself.
struct overflow_plan {
    std::vector<pool_spec> pools; ///< none: the region serves all
    std::uint32_t alignment = default_alignment;
    std::uint32_t size = 0;         ///< of the heap: pools and region, bytes
    std::uint32_t region = 0;       ///< of them, its tags included
    std::uint32_t needed = 0;       ///< bytes of pools and region that count: the fewest
    std::uint32_t with_reserve = 0; ///< a tenth more, or what the traces leave in doubt
    std::size_t needed_pools = 0; ///< pools of that layout; in a heap with room there may be others
    /// Bytes more, of those to spare, that these pools and region need: for them more of the heap is the
    /// region's, or more requests are served from pools.
    std::uint32_t for_speed = 0;
    std::uint32_t control =
        0; ///< bytes beside the heap that hold what is needed: lists of pools and region
    std::uint64_t peak_live =
        0; ///< most bytes asked for that were live at one time: any heap needs them
    std::uint32_t least = 0;   ///< block that was asked for, bytes
    std::uint32_t largest = 0; ///< block that was asked for, bytes
    std::uint32_t orders = 0;  ///< that were tried, the traced one included
    /// Whose events were shifted against each other: the most that a run names; 0: one names none.
    std::size_t contexts = 0;
    bool has_moves = false; ///< in some orders, some or all allocations that may be resizes are
    bool holds_in_orders = false; ///< those tried in this layout; a larger one is tried in a few
    bool has_reserve = false;     ///< the region has grown by what the traces leave in doubt
    std::uint64_t hopeless = 0;   ///< failed requests that no heap of that size serves
    std::uint64_t requests = 0;   ///< of all runs
    replay_report replay;         ///< of this layout, as traced

    /// Pools, region and control data, bytes.
    [[nodiscard]] std::uint64_t used() const { return std::uint64_t{needed} + control; }
    [[nodiscard]] bool holds() const { return replay.holds() && holds_in_orders; }
    [[nodiscard]] std::uint64_t from_pools() const;

    /// What no order of requests of these sizes that keeps below the peak can need more than
    /// (Robson): log2(largest / least) / 2 + 1 times the peak, bytes.
    [[nodiscard]] std::uint64_t adversary() const;
};

/// The fewest bytes that count, and among layouts within a quarter of a per cent of them the one that
/// serves most requests from pools. Of what a given size has to spare, up to a quarter goes to pools that
/// serve more. Nothing to plan for, or a heap that is too small, is an error that says so; the latter
/// says which size would do.
[[nodiscard]] result<overflow_plan>
plan_overflow(std::span<const usage::demand> runs, const overflow_request& wanted);

} // namespace drone::layout

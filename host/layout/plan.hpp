// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "layout/bound.hpp"
#include "layout/headroom.hpp"
#include "layout/replay.hpp"
#include "usage/demand.hpp"

#include <drone/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace drone::layout {

/// The most pools that a layout can have: what the trace's format can announce.
inline constexpr std::size_t pool_limit = 255;

/// A question for a planner.
struct plan_request {
    std::size_t pools = 1; ///< at most, 1 to the planner's
    std::optional<std::uint64_t> size = {
    }; ///< of the heap, bytes; without it: what the trace needs
    headroom rule = headroom::spread;
    /// Count on fall-over: fewer bytes, for this order of events only. More pools never take more.
    bool squeeze = false;
};

/// A layout of pools, with what is proved of it and its replay.
struct plan {
    std::vector<pool_spec> pools;
    std::vector<std::int64_t> loads; ///< by pool: what the trace needs
    std::uint32_t size = 0;          ///< of the heap, bytes
    std::uint32_t alignment = default_alignment;
    std::int64_t used = 0;        ///< bytes that the trace needs: sum of block times load
    std::int64_t lower_bound = 0; ///< bytes that no layout of so many pools can beat
    bool optimal = false;         ///< used is proved least without fall-over
    bool has_kept_blocks = false; ///< among the layouts that have the blocks to keep
    std::int64_t least = 0;       ///< bytes of the best layout found without fall-over
    reserve room;             ///< factor by which all loads may grow, and the first pool to fill
    bool has_reserve = false; ///< each pool has what uncertainty::factor() says, a block at least
    replay_report replay;
    /// Squeezed: what the trace needs without fall-over. Otherwise nothing.
    std::optional<std::int64_t> without_squeeze;

    /// Most bytes at one time inside blocks larger than their requests need.
    [[nodiscard]] std::uint64_t fragmentation() const { return replay.peak_waste; }
};

/// A point of the curve.
struct curve_point {
    std::size_t pools = 0; ///< at most
    std::int64_t used = 0;
    std::int64_t lower_bound = 0;
    bool optimal = false;
};

/// What the traces do not say for sure.
struct uncertainty {
    std::uint64_t gaps = 0;
    std::uint64_t lost_events = 0; ///< known to be missing
    std::uint64_t steps = 0;       ///< seen

    /// Seen and lost over seen. In each gap at least one event is lost.
    [[nodiscard]] growth factor() const;
};

/// Of all gaps in these runs.
[[nodiscard]] uncertainty doubt_of(std::span<const usage::demand> runs);

/// From runs of a program to the layout of its heap: the whole of this folder put together.
///
/// A planner prepares the runs once (O(steps)) and then answers any number of questions: the best
/// layout for so many pools and bytes, the curve over the number of pools. Every layout it gives has
/// been replayed through the target's heap.
class planner {
public:
    struct options {
        std::size_t most_pools = 1; ///< 1 to pool_limit
        std::vector<std::uint32_t> keep = {
        }; ///< blocks that must be pools, multiples of the granule
        /// Of the heap, bytes: failed requests that are larger are left out.
        std::optional<std::uint64_t> size = {};
    };

    /// Refers to the runs for as long as it lives. Fails on a request that no heap can serve, on
    /// zero pools or too many, on blocks to keep that are not blocks, or are more than the pools.
    [[nodiscard]] static result<planner>
    of(std::span<const usage::demand> runs, const options& wanted);
    ~planner();
    planner(planner&&) noexcept;
    planner& operator=(planner&&) noexcept;

    /// Whether nothing was ever allocated; there is no plan then.
    [[nodiscard]] bool empty() const;
    /// Distinct classes of blocks.
    [[nodiscard]] std::size_t class_count() const;
    [[nodiscard]] std::uint32_t alignment() const;
    [[nodiscard]] const uncertainty& doubt() const;
    /// Failed requests that no layout of this heap can serve: they are not planned for.
    [[nodiscard]] std::uint64_t hopeless() const;

    /// The best layout. When the heap is too small the error says by how much, the smallest heap
    /// that works and its pools.
    [[nodiscard]] result<plan> make(const plan_request& wanted);

    /// What `first` to `last` pools need at least. Points that cannot serve all alignments, or have
    /// fewer pools than blocks to keep, are left out.
    [[nodiscard]] std::vector<curve_point> curve(std::size_t first, std::size_t last);

private:
    struct state;
    explicit planner(std::unique_ptr<state> made);
    std::unique_ptr<state> state_;
};

/// The knee of the curve: where bytes and `pool_cost` bytes for every pool together are least: pools as long as
/// they pay for themselves. Requires a curve that is not empty.
[[nodiscard]] std::size_t cheapest_of(std::span<const curve_point> curve, std::uint32_t pool_cost);

} // namespace drone::layout

// SPDX-License-Identifier: MIT
#pragma once

// Runs a trace through the heap that the target has, with any layout: does it hold, and how full
// does each pool get. The heap is drone::basic_heap itself, not a model of it.

#include "base/error.hpp"
#include "usage/demand.hpp"

#include <drone/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace drone::layout {

/// A request that the heap answered with null.
struct failure {
    std::size_t run = 0;
    std::uint64_t step = 0; ///< index into the run's steps
    usage::request_class request;
    std::uint64_t live_blocks = 0; ///< then
    std::uint64_t live_bytes = 0;  ///< asked for, then
    /// The pools whose blocks would have served it, all of them exhausted; none when no block of
    /// the layout is large and aligned enough.
    std::vector<std::size_t> exhausted;
    /// The largest request that the region would have served then, bytes; nothing without one.
    std::optional<std::uint64_t> largest_hole;
};

/// What a pool did during a replay.
struct pool_usage {
    std::uint32_t peak = 0;      ///< most blocks taken at one time
    std::uint64_t taken = 0;     ///< blocks taken altogether
    std::uint64_t fell_into = 0; ///< of these, because every smaller pool that serves was full
    std::uint64_t fell_over = 0; ///< requests that this pool, the first to serve, had no block for
    std::uint64_t unserved_peak = 0; ///< of these, most live at one time that no pool served
    std::uint64_t peak_waste = 0; ///< most bytes at one time in its blocks beyond what was needed
};

/// The same of an overflow region. Its peak is in blocks, too; what fell over from it found no free
/// block large enough.
struct region_usage : pool_usage {
    std::uint32_t bytes = 0;      ///< of the region, tags included; 0: there is none
    std::uint64_t peak_bytes = 0; ///< most bytes in its blocks at one time, headers left out
    /// The largest request that it would still have served at the tightest moment, bytes.
    std::uint64_t least_hole = 0;
};

/// The result of a replay.
struct replay_report {
    std::optional<failure> first_failure;
    std::uint64_t failures = 0;
    std::uint64_t events = 0;
    std::vector<pool_usage> pools;
    region_usage region;
    /// Most bytes at one time inside blocks that are larger than their requests need, where a
    /// request needs its size rounded up to the granule and to its alignment: what sharing a larger
    /// block costs.
    std::uint64_t peak_waste = 0;
    std::uint64_t peak_blocks = 0; ///< most blocks live at one time
    std::uint64_t peak_bytes = 0;  ///< most bytes asked for that were live at one time

    [[nodiscard]] bool holds() const { return failures == 0; }
};

/// What a replay does after a request that fails.
enum class after_failure : std::uint8_t {
    go_on, ///< the request is left out, the run goes on, the report has the whole of it
    stop,  ///< the report ends with the first failure
};

/// A heap to replay: pools, and behind them a region of so many bytes, tags included; 0: none.
struct tried_heap {
    std::span<const pool_spec> pools;
    std::uint32_t alignment = default_alignment;
    std::uint32_t region_bytes = 0;
};

/// Replays every run from an empty heap. Where a run has no block numbers, the block given back is
/// the one of its class that was taken last. Fails if pools and region are not a layout or there are
/// more than 255 pools. O(steps * log pools), memory as the heap takes.
[[nodiscard]] result<replay_report> replay(
    std::span<const usage::demand> runs,
    const tried_heap& heap,
    after_failure then = after_failure::go_on
);

} // namespace drone::layout

// SPDX-License-Identifier: MIT
#pragma once

// Whether a heap holds runs in some order: as replay.hpp, through the target's heap, but with the
// answer alone, many at a time.

#include "layout/orders.hpp"
#include "layout/replay.hpp"
#include "usage/demand.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace drone::layout {

/// Runs to try heaps with. Refers to them; may be used by several threads.
class trials {
public:
    explicit trials(std::span<const usage::demand> runs);

    /// Steps of all runs.
    [[nodiscard]] std::uint64_t steps() const { return steps_; }
    /// Requests of all runs.
    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    /// Most bytes asked for that were live at one time, of any run.
    [[nodiscard]] std::uint64_t peak_live() const { return peak_live_; }
    /// The same of what the region alone would take for them, without its tags.
    [[nodiscard]] std::uint64_t peak_granules() const { return peak_granules_; }
    [[nodiscard]] const std::vector<ordered_run>& runs() const { return runs_; }

    /// Whether every request is served. Orders from 0, the traced one.
    [[nodiscard]] bool hold(const tried_heap& heap, std::uint32_t order) const;

    /// Requests that pools serve in the traced order, until one is not served at all.
    [[nodiscard]] std::uint64_t from_pools(const tried_heap& heap) const;

    /// The bytes of a region of which nothing more was touched, if all is served. Its tags are
    /// counted as those of a region of just that size.
    [[nodiscard]] std::optional<std::uint32_t>
    touched(const tried_heap& heap, std::uint32_t order) const;

    /// Calls `work(number)` for every number below `count`, several at a time where the runs are long.
    void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) const;

private:
    std::vector<ordered_run> runs_;
    std::uint64_t steps_ = 0;
    std::uint64_t requests_ = 0;
    std::uint64_t peak_live_ = 0;
    std::uint64_t peak_granules_ = 0;
};

} // namespace drone::layout

// SPDX-License-Identifier: MIT
#pragma once

// Whether a heap holds runs in some order: as replay.hpp, but through a model of the target's heap
// (heap_model.hpp), and with the answer alone, many at a time.

#include "layout/orders.hpp"
#include "layout/replay.hpp"
#include "usage/demand.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
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
    /// The most contexts that a run names; 0: one names none, and every event may be of its own.
    [[nodiscard]] std::size_t contexts() const;
    /// Whether some run leaves open which allocations are resizes (orders.hpp).
    [[nodiscard]] bool has_moves() const;

    /// Whether every request is served. Orders from 0, the traced one. O(steps), less where not.
    [[nodiscard]] bool hold(const tried_heap& heap, std::uint32_t order) const;

    /// What a heap turns out to need.
    struct need {
        std::uint32_t region = 0;     ///< bytes
        std::uint64_t from_pools = 0; ///< requests that pools serve
    };
    /// A region that grows from the heap's on, by strides of bytes, whenever it cannot serve a
    /// request: a guess at the least that holds, in one replay. Nothing where a region beyond the
    /// limit would be needed.
    [[nodiscard]] std::optional<need>
    needed(tried_heap heap, std::uint32_t order, std::uint32_t stride, std::uint64_t limit) const;

    /// Calls `work(number)` for every number below `count`, several at a time where the runs are long.
    void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) const;

private:
    /// The events of each run.
    using events = std::vector<std::vector<block_event>>;

    [[nodiscard]] std::shared_ptr<const events> events_in(std::uint32_t order) const;

    std::vector<ordered_run> runs_;
    std::uint64_t steps_ = 0;
    std::uint64_t requests_ = 0;
    std::uint64_t peak_live_ = 0;
    std::uint64_t peak_granules_ = 0;

    mutable std::mutex guard_;
    mutable std::vector<std::shared_ptr<const events>> kept_; ///< by order; some may be missing
};

} // namespace drone::layout

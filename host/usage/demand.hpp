// SPDX-License-Identifier: MIT
#pragma once

// What one run asked of its heap, as the layout problem sees it: classes of requests, and the order
// in which blocks of each class were taken and given back. trace/ makes it from any format; layout/
// solves and replays it. Small on purpose: a run of 10^9 steps must fit in memory.

#include "base/numbered.hpp"
#include "trace/block_number.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace drone::usage {

/// Requests that no layout can distinguish.
struct request_class {
    std::uint32_t size = 0; ///< bytes asked for, exactly as the program asked
    std::uint32_t alignment =
        4; ///< bytes, a power of two; drone::granule when nothing more was asked

    friend auto operator<=>(const request_class&, const request_class&) = default;
};

/// Which of demand::classes. The classes of a layout::workload have other numbers.
enum class class_number : std::uint16_t {};

/// What is known of each class of a demand, by its number.
template <class T>
using by_class = base::by_number<class_number, T>;

/// One step: a block of class `number()` is taken, or given back.
class step {
public:
    static constexpr std::size_t class_limit = 1U << 15U;

    constexpr step() = default;
    static constexpr step take(class_number n) { return of(n, false); }
    static constexpr step give_back(class_number n) { return of(n, true); }
    static constexpr step of(class_number n, bool gives_back) {
        const std::uint32_t row = std::uint32_t{std::to_underlying(n)} << 1U;
        return step(static_cast<std::uint16_t>(row | (gives_back ? 1U : 0U)));
    }

    [[nodiscard]] constexpr class_number number() const {
        return static_cast<class_number>(bits_ >> 1U);
    }
    [[nodiscard]] constexpr bool gives_back() const { return (bits_ & 1U) != 0; }
    /// number() * 2 + gives_back(): a row number for tables with two rows a class.
    [[nodiscard]] constexpr std::uint16_t row() const { return bits_; }

    friend bool operator==(const step&, const step&) = default;

private:
    constexpr explicit step(std::uint16_t bits) : bits_(bits) {}
    std::uint16_t bits_ = 0;
};

/// What is missing from the trace: the loads are lower bounds. As trace::findings count it.
struct missing_events {
    std::uint64_t gaps = 0;        ///< places where events are missing or may be
    std::uint64_t lost_events = 0; ///< known to be missing
};

/// Step `step` is the event after `events` others.
struct demand_position {
    std::uint64_t step = 0;
    std::uint64_t events = 0;

    friend bool operator==(const demand_position&, const demand_position&) = default;
};

/// From step `step` on, what happens is in `context` (sink.hpp), until the next of these.
struct context_switch {
    std::uint64_t step = 0;
    std::uint16_t context = 0;

    friend bool operator==(const context_switch&, const context_switch&) = default;
};

/// A request that the traced heap could not serve. It is demand all the same: a block is taken at
/// step `at` and given back at the next, for nobody knows how long it would have lived. Failures of
/// one class with nothing served in between so ask for one block together.
struct unserved_request {
    std::uint64_t at = 0;
    bool at_least = false; ///< more may have been asked for than the class says

    friend bool operator==(const unserved_request&, const unserved_request&) = default;
};

/// What a demand that was read from a summary stands for (trace::summarised_runs).
struct summarised_demand {
    std::uint64_t runs = 0;
    std::uint64_t steps = 0;
};

/// One run. A resize is give_back(old class) and then take(new class), the same block, and the
/// index of the first of the two is in `resizes`. That is what a resize does in a layout without
/// fall-over (basic_heap::place_resized): the block goes to the pool of its new class, and keeps
/// its place where that is the old one's. What a native trace reports as an allocation and a
/// deallocation is that: take(new), then give_back(old).
struct demand {
    by_class<request_class> classes; ///< ascending, each once
    std::vector<step> steps;
    /// The block of each step, numbers dense and reused after the block was given back; empty when
    /// the format has no identity (Drone 0.14), and then any block of the class is as good as
    /// another.
    std::vector<trace::block_number> blocks;
    std::vector<std::uint64_t> resizes;     ///< ascending indices into steps
    std::vector<unserved_request> failures; ///< ascending
    std::vector<demand_position> positions; ///< ascending; where events and steps are out of step
    std::vector<context_switch> contexts;   ///< ascending; none: the trace names no contexts
    /// Whether the format does not say which allocations are resizes that moved a block: each that
    /// comes right before the release of another block may be.
    bool leaves_moves_open = false;
    missing_events missing;
    std::optional<summarised_demand> summarised; ///< a summary, whose order of steps says nothing
    /// Bytes, assumed for requests of which the trace does not say it; 0: there are none.
    std::uint32_t assumed_alignment = 0;
};

/// The event of the file, counted from 1, that a step belongs to.
[[nodiscard]] std::uint64_t event_number(const demand& run, std::uint64_t step);
/// Events in the file.
[[nodiscard]] inline std::uint64_t event_count(const demand& run) {
    return event_number(run, run.steps.size()) - 1;
}

/// Steps of the run, or of all runs that a summary stands for.
[[nodiscard]] inline std::uint64_t step_count(const demand& run) {
    return run.summarised ? run.summarised->steps : run.steps.size();
}

} // namespace drone::usage

// SPDX-License-Identifier: MIT
#pragma once

// The same events in other orders: what would happen if interrupts came a little earlier or later,
// or threads ran a little faster or slower.
//
// Order 0 is the traced one. In others, what a context does in one go is shifted by up to 8 places
// against what other contexts do, at random. The events of one context keep their order, and so do
// those of one block; a resize is one event. A trace that names one context has no shifted orders. In
// one that names none every event could be of a context of its own, and is shifted.
//
// An allocation right before the release of another block may be a resize that moved the block. Where
// the trace does not record which ones are, order 1 is the traced one with each such pair as one
// resize. Another heap may serve that in place. In all others a random half of the pairs are.

#include "usage/demand.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace drone::layout {

/// The blocks of a run by step, where it has no numbers: the block given back is the one of its
/// class that was taken last, as a replay has it. O(steps).
[[nodiscard]] std::vector<trace::block_number> numbers_of(const usage::demand& run);

/// What happens to a block in one event of a run.
struct block_event {
    static constexpr usage::class_number none{UINT16_MAX};

    trace::block_number block{};
    usage::class_number from = none; ///< the request that it was taken for; none: it is taken
    usage::class_number to =
        none; ///< the request that it is for from now on; none: it is given back
};
static_assert(usage::step::class_limit <= std::to_underlying(block_event::none));

/// A run that can be gone through in many orders. Refers to it. Memory: 8 bytes an event.
class ordered_run {
public:
    explicit ordered_run(const usage::demand& run);

    [[nodiscard]] const usage::demand& run() const { return *run_; }
    /// One more than the largest number of a block.
    [[nodiscard]] std::uint32_t block_limit() const { return block_limit_; }
    /// Contexts that the trace names; 0: it names none.
    [[nodiscard]] std::size_t contexts() const { return contexts_; }
    /// Whether the trace leaves open which allocations are resizes, and some may be.
    [[nodiscard]] bool has_moves() const { return has_moves_; }

    /// The events as they were traced; their indices are the numbers of the events.
    [[nodiscard]] const std::vector<block_event>& events() const { return events_; }
    /// The numbers of the events as an order has them, where none is taken for a resize. O(events).
    [[nodiscard]] std::vector<std::uint32_t> sequence(std::uint32_t order) const {
        return shifted(events_, changes_, order);
    }
    /// The events as an order has them. O(events).
    [[nodiscard]] std::vector<block_event> events(std::uint32_t order) const;

private:
    /// From event `event` on, what happens is in a context, until the next of these.
    struct context_change {
        std::size_t event = 0;
        std::uint16_t context = 0; ///< numbered from 0
    };

    void read_events(const std::vector<trace::block_number>& numbers);
    void number_contexts();
    /// Whether this event and the next may be a resize that moved a block.
    [[nodiscard]] bool may_be_move(std::size_t event) const;
    /// The traced order with all moves as resizes, or a random half of them.
    struct with_moves {
        with_moves(const ordered_run& traced, std::uint32_t order);

        std::vector<block_event> events;
        std::vector<context_change> changes;
    };
    [[nodiscard]] std::vector<std::uint32_t> shifted(
        const std::vector<block_event>& events,
        const std::vector<context_change>& changes,
        std::uint32_t order
    ) const;

    const usage::demand* run_;
    std::vector<block_event> events_;
    std::uint32_t block_limit_ = 0;
    std::vector<context_change> changes_;
    std::size_t contexts_ = 0;
    bool has_moves_ = false;
};

} // namespace drone::layout

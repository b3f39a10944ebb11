// SPDX-License-Identifier: MIT
#pragma once

// The same events in other orders: what would happen if interrupts came a little earlier or later,
// or threads ran a little faster or slower.
//
// Order 0 is the traced one. In any other, what a context does in one go is shifted by up to 8
// places against what other contexts do, at random. The events of one context keep their order, and
// so do those of one block; a resize is one event. A trace that names one context has no other
// order. In one that names none every event could be of a context of its own, and is shifted.

#include "usage/demand.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace drone::layout {

/// The blocks of a run by step, where it has no numbers: the block given back is the one of its
/// class that was taken last, as a replay has it. O(steps).
[[nodiscard]] std::vector<std::uint32_t> numbers_of(const usage::demand& run);

/// What happens to a block in one event of a run.
struct block_event {
    static constexpr std::uint16_t none = UINT16_MAX;

    std::uint32_t block = 0;   ///< its number
    std::uint16_t from = none; ///< the request that it was taken for; none: it is taken
    std::uint16_t to = none;   ///< the request that it is for from now on; none: it is given back
};
static_assert(usage::step::class_limit <= block_event::none);

/// A run that can be gone through in many orders. Refers to it.
class ordered_run {
public:
    explicit ordered_run(const usage::demand& run);

    [[nodiscard]] const usage::demand& run() const { return *run_; }
    /// Of the block of a step.
    [[nodiscard]] std::uint32_t block(std::size_t step) const { return numbers_[step]; }
    /// Above all of them.
    [[nodiscard]] std::uint32_t block_limit() const { return block_limit_; }
    /// Contexts that the trace names; 0: it names none.
    [[nodiscard]] std::size_t contexts() const { return contexts_; }

    /// Calls `visit(step, resizes)` for every event as the order has it, until one answers false:
    /// its first step, and whether it is a resize, which has the next step, too. Whether none did.
    template <class Visitor>
    bool for_each_event(std::uint32_t order, Visitor visit) const {
        return order == 0 || contexts_ == 1 ? as_traced(visit) : shifted(order, visit);
    }

    /// The events as the order has them, up to the last that takes memory.
    [[nodiscard]] std::vector<block_event> events(std::uint32_t order) const;

private:
    template <class Visitor>
    bool as_traced(Visitor visit) const {
        auto resize = run_->resizes.begin();
        for (std::size_t step = 0; step < run_->steps.size(); ++step) {
            const bool resizes = resize != run_->resizes.end() && *resize == step;
            if (!visit(step, resizes)) return false;
            if (!resizes) continue;
            ++resize;
            ++step;
        }
        return true;
    }

    /// What a context does in one go: events with the same shift.
    class stretches {
    public:
        explicit stretches(const ordered_run& of, std::uint32_t order)
            : next_(of.switches_.begin()), end_(of.switches_.end()), names_none_(of.contexts_ == 0),
              random_(order * 0x9E37'79B9U + 1) {}

        /// Goes to the stretch of a step.
        void go_to(std::size_t step) {
            if (names_none_) return draw();
            if (next_ == end_ || next_->step > step) return;
            while (next_ != end_ && next_->step <= step)
                context_ = (next_++)->context;
            draw();
        }
        [[nodiscard]] std::size_t shift() const { return shift_; }
        [[nodiscard]] std::uint16_t context() const { return context_; }

    private:
        void draw() {
            random_ ^= random_ << 13U;
            random_ ^= random_ >> 17U;
            random_ ^= random_ << 5U;
            shift_ = (std::uint64_t{random_} * slots) >> 32U;
        }

        std::vector<usage::context_switch>::const_iterator next_;
        std::vector<usage::context_switch>::const_iterator end_;
        bool names_none_;
        std::uint32_t random_;
        std::size_t shift_ = slots / 2;
        std::uint16_t context_ = 0;
    };

    /// An event goes into one of the next slots, each of which is emptied when its turn comes.
    template <class Visitor>
    bool shifted(std::uint32_t order, Visitor visit) const {
        constexpr std::size_t ring = 32; // a power of two above the slots
        struct slot {
            std::uint32_t count = 0;
            std::array<std::uint64_t, slots>
                events; // one from each place that reaches it: step * 2 + resizes
        };
        std::array<slot, ring> waiting;
        // The slot for the next event of a block, and of a context.
        std::vector<std::size_t> of_block(block_limit_);
        std::vector<std::size_t> of_context(contexts_ + 1);
        stretches stretch(*this, order);
        std::size_t now = 0;
        const auto empty_slot = [&]() __attribute__((always_inline)) {
            slot& due = waiting[now++ % ring];
            for (std::uint32_t at = 0; at < due.count; ++at)
                if (!visit(due.events[at] / 2, due.events[at] % 2 != 0)) return false;
            due.count = 0;
            return true;
        };
        const bool all =
            as_traced([&](std::size_t step, bool resizes) __attribute__((always_inline)) {
                stretch.go_to(step);
                std::size_t& block = of_block[numbers_[step]];
                std::size_t place = std::max(block, now + stretch.shift());
                if (contexts_ != 0) {
                    std::size_t& context = of_context[stretch.context()];
                    place = context = std::max(context, place);
                }
                block = place;
                slot& to = waiting[place % ring];
                to.events[to.count++] = step * 2 + (resizes ? 1 : 0);
                return empty_slot();
            });
        if (!all) return false;
        for (std::size_t left = 0; left < slots; ++left)
            if (!empty_slot()) return false;
        return true;
    }

    static constexpr std::size_t slots = 17; // 8 to either side, and its own

    const usage::demand* run_;
    std::vector<std::uint32_t> made_; ///< where the run has none of its own
    const std::uint32_t* numbers_;
    std::uint32_t block_limit_ = 0;
    std::vector<usage::context_switch> switches_; ///< contexts numbered from 0
    std::size_t contexts_ = 0;
};

} // namespace drone::layout

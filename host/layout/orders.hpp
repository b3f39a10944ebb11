// SPDX-License-Identifier: MIT
#pragma once

// The same events in other orders: what would happen if interrupts came a little earlier or later.
//
// Order 0 is the traced one. In any other each event is shifted by up to 8 places, at random; what
// happens to one block keeps its order, and a resize is one event.

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

/// A run that can be gone through in many orders. Refers to it.
class ordered_run {
public:
    explicit ordered_run(const usage::demand& run);

    [[nodiscard]] const usage::demand& run() const { return *run_; }
    /// Of the block of a step.
    [[nodiscard]] std::uint32_t block(std::size_t step) const { return numbers_[step]; }
    /// Above all of them.
    [[nodiscard]] std::uint32_t block_limit() const { return block_limit_; }

    /// Calls `visit(step, resizes)` for every event as the order has it, until one answers false:
    /// its first step, and whether it is a resize, which has the next step, too. Whether none did.
    template <class Visitor>
    bool for_each_event(std::uint32_t order, Visitor visit) const {
        return order == 0 ? as_traced(visit) : shifted(order, visit);
    }

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

    /// An event goes into one of the next slots, each of which is emptied when its turn comes.
    template <class Visitor>
    bool shifted(std::uint32_t order, Visitor visit) const {
        constexpr std::size_t slots = 17; // 8 to either side, and its own
        struct event {
            std::size_t step;
            bool resizes;
        };
        std::array<std::vector<event>, slots> waiting;
        std::vector<std::size_t> earliest(block_limit_); // slot for the block's next event
        std::uint32_t random = order * 0x9E37'79B9U + 1;
        std::size_t now = 0;
        const auto empty_slot = [&] {
            auto& due = waiting[now++ % slots];
            for (const event& e : due)
                if (!visit(e.step, e.resizes)) return false;
            due.clear();
            return true;
        };
        const bool all = as_traced([&](std::size_t step, bool resizes) {
            random ^= random << 13U;
            random ^= random >> 17U;
            random ^= random << 5U;
            const std::size_t shift = (std::uint64_t{random} * slots) >> 32U;
            std::size_t& own = earliest[numbers_[step]];
            own = std::max(own, now + shift);
            waiting[own % slots].push_back({step, resizes});
            return empty_slot();
        });
        if (!all) return false;
        for (std::size_t left = 0; left < slots; ++left)
            if (!empty_slot()) return false;
        return true;
    }

    const usage::demand* run_;
    std::vector<std::uint32_t> made_; ///< where the run has none of its own
    const std::uint32_t* numbers_;
    std::uint32_t block_limit_ = 0;
};

} // namespace drone::layout

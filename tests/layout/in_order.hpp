// SPDX-License-Identifier: MIT
#pragma once

#include "layout/orders.hpp"

#include <cstdint>

namespace drone::layout_test {

/// The run as it is in that order, as anyone would write it down.
inline usage::demand in_order(const layout::ordered_run& run, std::uint32_t order) {
    usage::demand made;
    made.classes = run.run().classes;
    for (const layout::block_event& event : run.events(order)) {
        if (event.from != layout::block_event::none && event.to != layout::block_event::none)
            made.resizes.push_back(made.steps.size());
        if (event.from != layout::block_event::none) {
            made.steps.push_back(usage::step::give_back(event.from));
            made.blocks.push_back(event.block);
        }
        if (event.to != layout::block_event::none) {
            made.steps.push_back(usage::step::take(event.to));
            made.blocks.push_back(event.block);
        }
    }
    return made;
}

} // namespace drone::layout_test

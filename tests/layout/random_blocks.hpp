// SPDX-License-Identifier: MIT
#pragma once

// Random runs whose blocks have numbers and are resized now and then.

#include "usage/demand.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace drone::layout_test {

struct blocks_shape {
    std::uint32_t largest = 100; ///< bytes; one request in 16 asks for up to 8 times as much
    std::uint32_t alignment = 8; ///< at most
    std::size_t live = 30;       ///< blocks, about
    std::size_t steps = 300;
};

inline usage::demand random_blocks(std::mt19937& random, const blocks_shape& shape) {
    struct event {
        std::uint32_t block;
        bool gives_back;
        bool takes;
        usage::request_class asked;
    };
    const auto below = [&](std::uint32_t limit) {
        return static_cast<std::uint32_t>(random() % limit);
    };
    const auto request = [&] {
        const std::uint32_t most = below(16) == 0 ? 8 * shape.largest : shape.largest;
        std::uint32_t alignment = 4;
        while (alignment < shape.alignment && below(2) == 0)
            alignment *= 2;
        return usage::request_class{below(most + 1), alignment};
    };
    std::vector<event> events;
    std::vector<std::pair<std::uint32_t, usage::request_class>> live; // number and request
    std::vector<std::uint32_t> free;
    std::uint32_t next = 0;
    while (events.size() < shape.steps) {
        const bool full = live.size() > below(static_cast<std::uint32_t>(2 * shape.live));
        if (!full) {
            if (free.empty()) free.push_back(next++);
            live.emplace_back(free.back(), request());
            free.pop_back();
            events.push_back({live.back().first, false, true, live.back().second});
        } else if (!live.empty()) {
            const std::size_t which = below(static_cast<std::uint32_t>(live.size()));
            if (below(4) == 0) {
                usage::request_class to = request();
                to.alignment = live[which].second.alignment; // a resize keeps it
                live[which].second = to;
                events.push_back({live[which].first, true, true, to});
            } else {
                free.push_back(live[which].first);
                events.push_back({live[which].first, true, false, {}});
                live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
            }
        }
    }
    usage::demand run;
    for (const event& e : events)
        if (e.takes) run.classes.push_back(e.asked);
    std::ranges::sort(run.classes);
    const auto doubled = std::ranges::unique(run.classes);
    run.classes.erase(doubled.begin(), doubled.end());
    std::vector<usage::class_number> class_of(next);
    for (const event& e : events) {
        if (e.gives_back && e.takes) run.resizes.push_back(run.steps.size());
        if (e.gives_back) {
            run.steps.push_back(usage::step::give_back(class_of[e.block]));
            run.blocks.push_back(trace::block_number{e.block});
        }
        if (!e.takes) continue;
        const auto found = std::ranges::lower_bound(run.classes, e.asked);
        class_of[e.block] = usage::class_number(found - run.classes.begin());
        run.steps.push_back(usage::step::take(class_of[e.block]));
        run.blocks.push_back(trace::block_number{e.block});
    }
    return run;
}

} // namespace drone::layout_test

// SPDX-License-Identifier: MIT

// What docs/stacks.md shows.

#include <drone/declare.hpp>

#include <cortex_m/exclusive.hpp>
#include <cortex_m/itm.hpp>

namespace drone::config {
constexpr auto heap_main = make_layout(1024, {{8, 16}, {64, 8}});
} // namespace drone::config

struct heap_options {
    static constexpr const auto& layout = drone::config::heap_main;
    using core = drone::cortex_m::single_core;
    using carrier = drone::cortex_m::itm;
    static constexpr drone::heap_settings settings{
        .trace_port = 31,
        .trace_stacks = 16, // 8 for a RAM ring or a small part; at most 31
    };
};
constinit drone::declared_heap<heap_options> heap;

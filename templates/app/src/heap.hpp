#pragma once

// The heap of this firmware, declared here and nowhere else.

#include "census.hpp"

#include <drone/config.hpp> // made from Drone.toml by the build
#include <drone/declare.hpp>

#include <cortex_m/exclusive.hpp>
#include <{{carrier_header}}>

struct heap_options {
    // The pools: [heap] in Drone.toml.
    static constexpr const auto& layout = drone::config::heap_main;
    using core = drone::cortex_m::single_core;
    using carrier = {{carrier}};
    static constexpr drone::heap_settings settings{
        // Uncomment the following line to enable heap tracing:
        // .trace_port = 31,
    };
};

using main_heap = drone::declared_heap<heap_options>;

// What new and malloc use: the heap above, and a count of all it does (census.hpp).
using counted_heap = census<main_heap, heap_options::layout.size>;
extern counted_heap heap;

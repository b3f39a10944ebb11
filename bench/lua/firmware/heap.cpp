// SPDX-License-Identifier: MIT

// The only file in C++: the heap, and the program's malloc.
#include <drone/config.hpp>
#include <drone/declare.hpp>
#include <drone/global.hpp>

#include <cortex_m/exclusive.hpp>
#include <cortex_m/itm.hpp>

struct heap_options {
    static constexpr const auto& layout = drone::config::heap_main;
    using core = drone::cortex_m::single_core;
    using carrier = drone::cortex_m::itm;
    static constexpr drone::heap_settings settings{};
};

constinit drone::declared_heap<heap_options> heap;
DRONE_GLOBAL_MALLOC(heap)

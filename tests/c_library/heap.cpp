// SPDX-License-Identifier: MIT
// The one C++ file of a firmware in C.

#include <drone/declare.hpp>
#include <drone/global.hpp>

#include <cortex_m/exclusive.hpp>

namespace {
constexpr auto pools = drone::make_layout(
    32768, {{4, 8}, {12, 8}, {16, 8}, {24, 8}, {64, 8}, {1040, 4}, {4096, 2}}, 4096
);
}

constinit drone::heap<pools, drone::cortex_m::single_core> heap;
DRONE_GLOBAL_MALLOC(heap)

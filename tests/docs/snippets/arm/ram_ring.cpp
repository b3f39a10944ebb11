// SPDX-License-Identifier: MIT

// What docs/porting.md shows of the RAM ring.

#include <drone/declare.hpp>
#include <drone/ram_ring.hpp>

#include <cortex_m/exclusive.hpp>

namespace drone::config {
constexpr auto heap_main = make_layout(1024, {{8, 16}, {64, 8}});
} // namespace drone::config

struct heap_options {
    static constexpr const auto& layout = drone::config::heap_main;
    using core = drone::cortex_m::single_core;
    using carrier = drone::ram_ring<1024>; // words
    static constexpr drone::heap_settings settings{.trace_port = 31};
};
constinit drone::declared_heap<heap_options> heap;

// The table of docs/porting.md: how often a ring for 8 pools has an announcement.
template <std::size_t Words>
struct ring_options {
    static constexpr auto layout = drone::make_layout(
        1024, {{4, 9}, {8, 9}, {12, 9}, {16, 9}, {20, 9}, {24, 9}, {28, 1}, {32, 1}}
    );
    using core = drone::cortex_m::single_core;
    using carrier = drone::ram_ring<Words>;
    static constexpr drone::heap_settings settings{.trace_port = 31};
};
template <std::size_t Words>
using ring_trace = drone::native_tracer<drone::detail::declaration<ring_options<Words>>>;
static_assert(ring_trace<64>::words == 6 + 2 * 8);
static_assert(ring_trace<64>::period == 8);
static_assert(ring_trace<256>::period == 64);
static_assert(ring_trace<1024>::period == 256);
static_assert(ring_trace<4096>::period == 1024);
static_assert(ring_trace<16384>::period == 4096);
static_assert(drone::ram_ring<1024>::capacity_words == 1023);
static_assert(drone::ram_ring<1024>::size_bytes() == 4'120);

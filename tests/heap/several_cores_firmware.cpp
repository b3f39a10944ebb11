// SPDX-License-Identifier: MIT
// A traced heap that two Cortex-M cores share; compiled for both kinds, not run.

#include <drone/declare.hpp>
#include <drone/rtt_carrier.hpp>

#include <cortex_m/exception.hpp>
#include <cortex_m/several_cores.hpp>
namespace {
constexpr auto pools = drone::make_layout(2048, {{8, 24}, {24, 20}}, 8, drone::overflow::region);
struct heap_options {
    static constexpr const auto& layout = pools;
    using core = CORES;
    using carrier = drone::rtt_carrier<core>;
    static constexpr drone::heap_settings
        settings{.trace_port = 31, .trace_context = core::context<drone::cortex_m::exception_number::current>};
};
constinit drone::declared_heap<heap_options> heap;
} // namespace
void* take(unsigned size);
void* take(unsigned size) { return heap.allocate(size); }
void start();
void start() { heap.initialize(); }

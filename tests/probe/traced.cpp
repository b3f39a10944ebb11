// SPDX-License-Identifier: MIT
// A heap that is traced for ever, over the ITM or RTT.

#include <drone/declare.hpp>
#include <drone/rtt_carrier.hpp>

#include <cortex_m/exclusive.hpp>
#include <cortex_m/itm.hpp>

namespace {

constexpr auto pools = drone::make_layout(2048, {{8, 24}, {24, 20}, {64, 16}});

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = drone::cortex_m::single_core;
#if defined(RTT)
    using carrier = drone::rtt_carrier<core>;
#else
    using carrier = drone::cortex_m::itm;
#endif
    static constexpr drone::heap_settings settings{.trace_port = 31};
};
constinit drone::declared_heap<heap_options> heap;

} // namespace

int main() {
    heap.initialize();
    for (;;) {
        void* const a = heap.allocate(7);
        void* const b = heap.allocate(20);
        heap.deallocate(a);
        heap.deallocate(b);
    }
}

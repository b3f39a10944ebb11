// SPDX-License-Identifier: MIT

// An interrupt that allocates and frees while the main program does: no lock, no mask, and at the
// end every block is where it belongs.

#include "print.hpp"

#include <drone/heap.hpp>

#include <cortex_m/exclusive.hpp>
#include <cortex_m/startup.hpp>
#include <cortex_m/systick.hpp>

namespace {

constexpr auto pools = drone::make_layout(512, {{8, 8}, {24, 6}, {64, 4}});
constinit drone::heap<pools, drone::cortex_m::single_core> heap;

void* volatile kept = nullptr; // from one interrupt to the next
volatile std::uint32_t interrupts = 0;

} // namespace

void systick_handler() {
    if (kept != nullptr) heap.deallocate(kept);
    kept = heap.allocate(1 + interrupts % 64);
    interrupts = interrupts + 1;
}

int main() {
    heap.initialize();
    drone::cortex_m::systick::start(101);
    std::uint32_t calls = 0;
    while (interrupts < 2'000) {
        void* const one = heap.allocate(1 + calls % 60);
        void* const other = heap.allocate(1 + calls % 20);
        heap.deallocate(one);
        heap.deallocate(other);
        ++calls;
    }
    drone::cortex_m::systick::stop();
    heap.deallocate(kept);

    print_line("invariants hold: ", heap.invariants_hold() ? "yes" : "no");
    for (std::size_t i = 0; i < pools.pool_count; ++i)
        print_line(
            "pool of ",
            pools.pools[i].block,
            ": ",
            static_cast<std::uint32_t>(heap.count_free(i)),
            " of ",
            pools.pools[i].capacity,
            " blocks free"
        );
}

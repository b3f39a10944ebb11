// SPDX-License-Identifier: MIT
// The heap on a Cortex-M of QEMU's, with SysTick using it too.

#include "exercise.hpp"

#include <cortex_m/exclusive.hpp>
#include <cortex_m/startup.hpp>

namespace {

using heap_type = drone::heap<exercised_pools, drone::cortex_m::single_core>;
constinit heap_type heap;
constinit exercise<heap_type> thread(heap, 1);
constinit exercise<heap_type> interrupt(heap, 2);
constinit volatile std::uint32_t turns = 0;

volatile std::uint32_t& at(std::uintptr_t address) {
    return *reinterpret_cast<volatile std::uint32_t*>(address);
}

/// Semihosting exit; ARMv6-M knows only the form without a status.
[[noreturn]] void leave(int status) {
    const std::uint32_t block[2] = {0x2'0026, static_cast<std::uint32_t>(status)};
    register std::uint32_t operation asm("r0") = 0x20; // SYS_EXIT_EXTENDED
    register const void* argument asm("r1") = block;
    asm volatile("bkpt 0xab" : "+r"(operation) : "r"(argument) : "memory");
    for (;;) {
    }
}

} // namespace

extern "C" void systick_handler() {
    for (int i = 0; i < 3; ++i)
        interrupt.step();
    turns = turns + 1;
}

int main() {
    heap.initialize();
    at(0xE000'E014) = 97; // SYST_RVR: some thousand instructions at these machines' clocks
    at(0xE000'E018) = 0;  // SYST_CVR
    at(0xE000'E010) = 7;  // SYST_CSR: processor clock, interrupt, on
    int status = run_exercise(heap, thread, interrupt, turns, 3000);
    at(0xE000'E010) = 0;
    interrupt.give_all_back();
    for (std::size_t i = 0; i < exercised_pools.pool_count && status == 0; ++i) {
        if (heap.count_free(i) != exercised_pools.pools[i].capacity) status = 7;
    }
    leave(status);
}

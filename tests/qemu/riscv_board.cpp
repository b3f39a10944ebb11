// SPDX-License-Identifier: MIT
// The heap on QEMU's RV32 machine `virt`, with the machine timer using it too.

#include "exercise.hpp"

#include <riscv/exclusive.hpp>

namespace {

using heap_type = drone::heap<exercised_pools, drone::riscv::single_core>;
constinit heap_type heap;
constinit exercise<heap_type> thread(heap, 1);
constinit exercise<heap_type> interrupt(heap, 2);
constinit volatile std::uint32_t turns = 0;

volatile std::uint32_t& at(std::uintptr_t address) {
    return *reinterpret_cast<volatile std::uint32_t*>(address);
}

// The CLINT of `virt`, 10 MHz.
constexpr std::uintptr_t timer_now = 0x0200'BFF8;
constexpr std::uintptr_t timer_compare = 0x0200'4000;

void next_turn() {
    at(timer_compare + 4) = 0;
    at(timer_compare) = at(timer_now) + 97;
}

/// The test device of `virt`.
[[noreturn]] void leave(int status) {
    at(0x0010'0000) = status == 0 ? 0x5555U : static_cast<std::uint32_t>(status) << 16U | 0x3333U;
    for (;;) {
    }
}

} // namespace

extern "C" {

// There is no C library here, and the compiler may call this one.
void* memcpy(void* to, const void* from, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        static_cast<volatile unsigned char*>(to)[i] = static_cast<const unsigned char*>(from)[i];
    return to;
}

[[gnu::interrupt("machine"), gnu::aligned(4)]] void trap_handler() {
    std::uint32_t cause;
    asm volatile("csrr %0, mcause" : "=r"(cause));
    if (cause != 0x8000'0007) leave(1); // a fault
    for (int i = 0; i < 3; ++i)
        interrupt.step();
    turns = turns + 1;
    next_turn();
}

[[noreturn]] void program() {
    heap.initialize();
    asm volatile("csrw mtvec, %0" ::"r"(&trap_handler));
    next_turn();
    asm volatile("csrs mie, %0" ::"r"(1U << 7U));     // machine timer
    asm volatile("csrs mstatus, %0" ::"r"(1U << 3U)); // interrupts on
    int status = run_exercise(heap, thread, interrupt, turns, 3000);
    asm volatile("csrc mstatus, %0" ::"r"(1U << 3U));
    interrupt.give_all_back();
    for (std::size_t i = 0; i < exercised_pools.pool_count && status == 0; ++i) {
        if (heap.count_free(i) != exercised_pools.pools[i].capacity) status = 7;
    }
    leave(status);
}

[[gnu::naked, gnu::section(".start")]] void start() {
    asm volatile("la sp, stack_top\n\tj program");
}
}

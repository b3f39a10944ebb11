// SPDX-License-Identifier: MIT
// QEMU's RV32 machine `virt`: start-up, the machine timer, and the test device for the end.

#include "board.hpp"

#include <cstddef>
#include <cstdint>

namespace {

volatile std::uint32_t& at(std::uintptr_t address) {
    return *reinterpret_cast<volatile std::uint32_t*>(address);
}

// The CLINT of `virt`, 10 MHz.
constexpr std::uintptr_t timer_now = 0x0200'BFF8;
constexpr std::uintptr_t timer_compare = 0x0200'4000;
constexpr std::uint32_t machine_timer = 1U << 7U;      // of mie
constexpr std::uint32_t machine_interrupts = 1U << 3U; // of mstatus

void next_turn() {
    at(timer_compare + 4) = 0;
    at(timer_compare) = at(timer_now) + 97;
}

} // namespace

int main();

extern "C" {

// There is no C library here, and the compiler may call these.
void* memcpy(void* to, const void* from, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        static_cast<volatile unsigned char*>(to)[i] = static_cast<const unsigned char*>(from)[i];
    return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
    if (to < from) return memcpy(to, from, size);
    while (size-- != 0)
        static_cast<volatile unsigned char*>(to)[size] =
            static_cast<const unsigned char*>(from)[size];
    return to;
}

void* memset(void* to, int value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        static_cast<volatile unsigned char*>(to)[i] = static_cast<unsigned char>(value);
    return to;
}

[[gnu::interrupt("machine"), gnu::aligned(4)]] void trap_handler() {
    std::uint32_t cause;
    asm volatile("csrr %0, mcause" : "=r"(cause));
    if (cause != 0x8000'0007) board::leave(1); // a fault
    board::interrupted();
    next_turn();
}

[[gnu::naked, gnu::section(".start")]] void start() { asm volatile("la sp, stack_top\n\tj main"); }
}

void board::start_timer() {
    asm volatile("csrw mtvec, %0" : : "r"(&trap_handler));
    next_turn();
    asm volatile("csrs mie, %0" : : "r"(machine_timer));
    asm volatile("csrs mstatus, %0" : : "r"(machine_interrupts) : "memory");
}

void board::stop_timer() { asm volatile("csrc mie, %0" : : "r"(machine_timer) : "memory"); }

void board::leave(int status) {
    at(0x0010'0000) = status == 0 ? 0x5555U : static_cast<std::uint32_t>(status) << 16U | 0x3333U;
    for (;;) {
    }
}

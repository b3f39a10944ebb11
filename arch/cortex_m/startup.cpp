// SPDX-License-Identifier: MIT

// Vector table, reset, default handlers (ARMv7-M B1.5, ARMv6-M B1.5). Symbols of the linker script
// cortex_m.ld.

#include "startup.hpp"

#include "stop.hpp"

#include <cstddef>
#include <cstdint>

#ifndef DRONE_INTERRUPT_COUNT
#if __ARM_ARCH_6M__
#define DRONE_INTERRUPT_COUNT 32
#else
#define DRONE_INTERRUPT_COUNT 96
#endif
#endif

extern "C" {

extern std::uint32_t drone_stack_top[];
extern std::uint32_t drone_data_begin[];
extern std::uint32_t drone_data_end[];
extern const std::uint32_t drone_data_image[];
extern std::uint32_t drone_bss_begin[];
extern std::uint32_t drone_bss_end[];

// Of the memories beside RAM, as many as memory.ld has; the others are null.
#define DRONE_MEMORY(number)                                                                       \
    [[gnu::weak]] extern std::uint32_t drone_memory_##number##_begin[];                            \
    [[gnu::weak]] extern std::uint32_t drone_memory_##number##_end[]
DRONE_MEMORY(1);
DRONE_MEMORY(2);
DRONE_MEMORY(3);
DRONE_MEMORY(4);
#undef DRONE_MEMORY

void __libc_init_array();
int main();

// newlib's __libc_init_array calls it; the sections .init_array hold all that is to be done.
void _init() {}

static void clear(std::uint32_t* word, const std::uint32_t* end) {
    for (; word != end; ++word)
        *word = 0;
}

[[noreturn]] void reset_handler() {
    const std::uint32_t* image = drone_data_image;
    for (std::uint32_t* word = drone_data_begin; word != drone_data_end; ++word)
        *word = *image++;
    clear(drone_bss_begin, drone_bss_end);
    clear(drone_memory_1_begin, drone_memory_1_end);
    clear(drone_memory_2_begin, drone_memory_2_end);
    clear(drone_memory_3_begin, drone_memory_3_end);
    clear(drone_memory_4_begin, drone_memory_4_end);
#if __ARM_FP
    // CPACR (B3.2.20): full access to CP10 and CP11.
    *reinterpret_cast<volatile std::uint32_t*>(0xE000'ED88) |= 0xFU << 20U;
    asm volatile("dsb\n\tisb" : : : "memory");
#endif
    __libc_init_array();
    drone::cortex_m::stop(main());
}

[[gnu::weak]] [[noreturn]] void unhandled_exception(unsigned) { drone::cortex_m::stop(1); }

static void unhandled() {
    std::uint32_t number = 0;
    asm volatile("mrs %0, ipsr" : "=r"(number));
    unhandled_exception(number);
}

static void any_interrupt() {
    std::uint32_t number = 0;
    asm volatile("mrs %0, ipsr" : "=r"(number));
    interrupt_handler(number - 16);
}

[[gnu::weak]] void nmi_handler() { unhandled(); }
[[gnu::weak]] void hard_fault_handler() { unhandled(); }
[[gnu::weak]] void memory_fault_handler() { unhandled(); }
[[gnu::weak]] void bus_fault_handler() { unhandled(); }
[[gnu::weak]] void usage_fault_handler() { unhandled(); }
[[gnu::weak]] void supervisor_call_handler() { unhandled(); }
[[gnu::weak]] void debug_monitor_handler() { unhandled(); }
[[gnu::weak]] void pend_sv_handler() { unhandled(); }
[[gnu::weak]] void systick_handler() { unhandled(); }
[[gnu::weak]] void interrupt_handler(unsigned) { unhandled(); }
}

namespace {

using handler = void (*)();

struct vector_table {
    std::uint32_t* stack;
    handler core[15];
    handler interrupts[DRONE_INTERRUPT_COUNT];
};

consteval vector_table make_vectors() {
    vector_table table{
        drone_stack_top,
        {reset_handler,
         nmi_handler,
         hard_fault_handler,
         memory_fault_handler,
         bus_fault_handler,
         usage_fault_handler,
         nullptr,
         nullptr,
         nullptr,
         nullptr,
         supervisor_call_handler,
         debug_monitor_handler,
         nullptr,
         pend_sv_handler,
         systick_handler},
        {}
    };
    for (handler& each : table.interrupts)
        each = any_interrupt;
    return table;
}

[[gnu::used, gnu::section(".vectors")]] constinit const vector_table vectors = make_vectors();

} // namespace

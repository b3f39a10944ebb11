// SPDX-License-Identifier: MIT
// A program with many shapes of frames: its own, newlib's and libstdc++'s.

#include <drone/declare.hpp>
#include <drone/global.hpp>
#include <drone/semihosting.hpp>

#include <cortex_m/exception.hpp>
#include <cortex_m/exclusive.hpp>
#include <cortex_m/itm.hpp>
#include <cortex_m/semihosting.hpp>
#include <cortex_m/startup.hpp>
#include <cortex_m/systick.hpp>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

#if defined(STRING_OF_THE_LIBRARY) // as C++17 has it
extern template class std::basic_string<char>;
#endif

namespace {

constexpr auto pools =
    drone::make_layout(16384, {{8, 128}, {32, 128}, {96, 64}, {512, 4}, {1024, 2}});

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = drone::cortex_m::single_core;
#if defined(ON_QEMU)
    using carrier = drone::semihosting_carrier<drone::cortex_m::semihosting_trap, core>;
#else
    using carrier = drone::cortex_m::itm;
#endif
#if defined(DEPTH)
    static constexpr drone::heap_settings settings{
        .trace_port = 31,
        .trace_stacks = DEPTH,
        .trace_context = drone::cortex_m::exception_number::current,
    };
#else
    static constexpr drone::heap_settings settings{};
#endif
};
constinit drone::declared_heap<heap_options> heap;

volatile std::uint32_t done = 0; // keeps calls from being jumps

[[gnu::noinline]] int told(const char* format, ...) {
    char line[80];
    std::va_list list;
    va_start(list, format);
    const int length = std::vsnprintf(line, sizeof line, format, list);
    va_end(list);
    done = done + static_cast<std::uint32_t>(line[0]);
    return length;
}

[[gnu::noinline]] std::uint32_t many(
    std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d, std::uint32_t e, double f
) {
    std::uint32_t large[300];
    for (std::uint32_t i = 0; i < 300; ++i)
        large[i] = a * i + b;
    told("%lu %g", static_cast<unsigned long>(large[c % 300] + d + e), f);
    return large[done % 300];
}

} // namespace

DRONE_GLOBAL_HEAP(heap)

void systick_handler() {
    static std::uint32_t ticks = 0;
    ++ticks;
    std::string text(20 + ticks % 7, 'x');
    if (ticks % 3 == 0) text += std::to_string(ticks) + text;
    done = done + static_cast<std::uint32_t>(text.size());
}

/// On QEMU time passes as on the host. So that interrupts come at the same places in every run, the
/// program itself makes SysTick pending there (ICSR, PENDSTSET; ARMv7-M B3.2.4).
static void interrupt_on_qemu() {
#if defined(ON_QEMU)
    *reinterpret_cast<volatile std::uint32_t*>(0xE000'ED04) = 1U << 26U;
#endif
}

extern "C" {
/// Instructions from one SysTick to the next; the test sets it.
volatile std::uint32_t tick_period = 5000;
}

[[gnu::noinline]] static bool run() {
    std::map<std::string, std::function<std::uint32_t(std::uint32_t)>> steps;
    for (std::uint32_t i = 0; i < 20; ++i)
        steps["a step with the number " + std::to_string(i)] = [i](std::uint32_t x) {
            interrupt_on_qemu();
            return many(x, i, i + 1, i + 2, i + 3, i / 7.0);
        };
    std::string all;
    for (const auto& [name, step] : steps)
        all += name + std::to_string(step(static_cast<std::uint32_t>(all.size())));
    return !all.empty();
}

int main() {
    drone::cortex_m::systick::start(tick_period);
    std::uint32_t good = 0;
    for (int i = 0; i < 10; ++i)
        good += run() ? 1 : 0;
    drone::cortex_m::systick::stop();
    drone::end_trace(heap);
    return good == 10 ? 0 : 1;
}

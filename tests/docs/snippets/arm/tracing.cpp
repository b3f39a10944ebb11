// SPDX-License-Identifier: MIT

// What docs/tracing.md shows.

#include <drone/declare.hpp>

#include <cortex_m/exception.hpp>
#include <cortex_m/exclusive.hpp>
#include <cortex_m/itm.hpp>

namespace drone::config {
constexpr auto heap_main = make_layout(1024, {{8, 16}, {64, 8}});
} // namespace drone::config

struct heap_options {
    static constexpr const auto& layout = drone::config::heap_main;
    using core = drone::cortex_m::single_core;
    using carrier = drone::cortex_m::itm; // where the words go
    static constexpr drone::heap_settings settings{
        .trace_port = 31,                     // traces the heap
        .when_full = drone::trace_flow::drop, // drops events that the link cannot take
        .trace_callers = true,                // records who asked
        .trace_context = drone::cortex_m::exception_number::current, // and in which exception
    };
};
constinit drone::declared_heap<heap_options> heap;

std::uint32_t my_rtos_thread_number() noexcept;

std::uint32_t running_thread() noexcept {
    const std::uint32_t exception = drone::cortex_m::exception_number::current();
    return exception != 0 ? exception : drone::wire::first_thread + my_rtos_thread_number();
}

struct threaded_options : heap_options {
    static constexpr drone::heap_settings settings{
        .trace_port = 31,
        .trace_context = running_thread,
    };
};
constinit drone::declared_heap<threaded_options> heap_of_threads;

// SPDX-License-Identifier: MIT

// What docs/porting.md shows of semihosting.

#include <drone/declare.hpp>
#include <drone/semihosting.hpp>

#include <cortex_m/exclusive.hpp>
#include <cortex_m/semihosting.hpp> // or <riscv/semihosting.hpp>

namespace drone::config {
constexpr auto heap_main = make_layout(1024, {{8, 16}, {64, 8}});
} // namespace drone::config

struct heap_options {
    static constexpr const auto& layout = drone::config::heap_main;
    using core = drone::cortex_m::single_core;
    using carrier = drone::semihosting_carrier<drone::cortex_m::semihosting_trap, core>;
    static constexpr drone::heap_settings settings{.trace_port = 31};
};
constinit drone::declared_heap<heap_options> heap;

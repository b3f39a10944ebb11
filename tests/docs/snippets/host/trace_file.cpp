// SPDX-License-Identifier: MIT

// What docs/porting.md shows of programs on Linux.

#include <drone/declare.hpp>

#include <host/exclusive.hpp>
#include <host/trace_file.hpp>

namespace drone::config {
constexpr auto heap_main = make_layout(1024, {{8, 16}, {64, 8}});
} // namespace drone::config

struct heap_options {
    static constexpr const auto& layout = drone::config::heap_main;
    using core = drone::host::threads;
    using carrier = drone::host::trace_file;
    static constexpr drone::heap_settings settings{.trace_port = 31};
};
constinit drone::declared_heap<heap_options> heap;

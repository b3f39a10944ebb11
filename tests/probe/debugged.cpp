// SPDX-License-Identifier: MIT
// A heap to look at with a debugger: blocks in its pools and its region, in use and free.

#include <drone/declare.hpp>

#include <new>

#if defined(__arm__)
#include <cortex_m/exclusive.hpp>
#include <cortex_m/itm.hpp>
using single_core = drone::cortex_m::single_core;
#else
#include <host/exclusive.hpp>
using single_core = drone::host::threads;
#endif

namespace {

constexpr auto pools =
    drone::make_layout(2048, {{8, 4}, {24, 3}, {64, 2}}, 8, drone::overflow::region);

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = single_core;
#if defined(__arm__)
    using carrier = drone::cortex_m::itm;
#endif
    static constexpr drone::heap_settings settings{
#if defined(__arm__)
        .trace_port = 31,
        .trace_callers = true,
#endif
#if defined(CHECKED)
        .checking = drone::check_level::full,
        .statistics = true,
#endif
    };
};
constinit drone::declared_heap<heap_options> heap;

// An object whose vtable shows its type.
struct shape {
    virtual unsigned sides() const { return 0; }
};
struct square final : shape {
    unsigned sides() const override { return 4; }
    unsigned corners[10] = {};
};

} // namespace

void* volatile small;
void* volatile medium;
void* volatile given_back;
void* volatile large;
shape* volatile object;
volatile unsigned stage;

extern "C" [[gnu::noinline]] void halt_here() { stage = 2; }

int main() {
    stage = 1;
    heap.initialize();
    small = heap.allocate(3);
    medium = heap.allocate(20);
    given_back = heap.allocate(20);
    large = heap.allocate(500);
    static_cast<void>(heap.allocate(100));
    heap.deallocate(given_back);
    object = new (heap.allocate(sizeof(square))) square;
    halt_here();
#if defined(FOREVER)
    for (;;) {
    }
#endif
    return 0;
}

// SPDX-License-Identifier: MIT
// A program whose heap is called from an interrupt at any instruction of another call of it.

#include <drone/declare.hpp>
#include <drone/global.hpp>

#include <cortex_m/exception.hpp>
#include <cortex_m/exclusive.hpp>
#include <cortex_m/itm.hpp>
#include <cortex_m/nvic.hpp>
#include <cortex_m/startup.hpp>
#include <cstdint>

namespace {

constexpr auto pools = drone::make_layout(4096, {{8, 64}, {32, 64}});

struct heap_options {
    static constexpr const auto& layout = pools;
    using core = drone::cortex_m::single_core;
    using carrier = drone::cortex_m::itm;
    static constexpr drone::heap_settings settings{
        .trace_port = 31,
        .trace_stacks = 8,
        .trace_context = drone::cortex_m::exception_number::current,
    };
};
constinit drone::declared_heap<heap_options> heap;

volatile std::uint32_t done = 0; // keeps calls from being jumps

[[gnu::noinline]] void* through_two(std::size_t size) {
    void* const block = ::operator new(size);
    done = done + 1;
    return block;
}
[[gnu::noinline]] void* through_one(std::size_t size) {
    void* const block = through_two(size);
    done = done + 1;
    return block;
}
[[gnu::noinline]] void of_the_interrupt(unsigned irq) {
    ::operator delete(::operator new(irq + 3));
    done = done + 1;
}

} // namespace

DRONE_GLOBAL_HEAP(heap)

void interrupt_handler(unsigned irq) {
    of_the_interrupt(irq);
    ::operator delete(through_two(20));
    done = done + 1;
}

extern "C" {
/// The call that is preempted: its stack is new at the first one, and known at the second.
[[gnu::noinline]] void* subject(std::size_t size) {
    void* const block = through_one(size);
    done = done + 1;
    return block;
}
volatile std::uint32_t tick_period = 0;
}

int main() {
    for (unsigned irq = 0; irq < 2; ++irq) {
        drone::cortex_m::nvic::set_priority(irq, irq == 0 ? 0x80 : 0x40);
        drone::cortex_m::nvic::enable(irq);
    }
    void* const first = through_one(5); // the trace has begun
    void* const second = subject(9);
    ::operator delete(second);
    void* const third = subject(30);
    ::operator delete(third);
    ::operator delete(first);
    drone::end_trace(heap);
    return 0;
}

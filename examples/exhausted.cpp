// SPDX-License-Identifier: MIT

// What happens when no pool can serve: malloc and the nothrow forms answer null, the others ask the
// new handler for help, as often as it takes. Without a handler they end in drone::heap_exhausted,
// which a project may define in another file than the heap's.

#include "print.hpp"

#include <drone/global.hpp>

#include <cerrno>
#include <cortex_m/exclusive.hpp>
#include <cortex_m/stop.hpp>
#include <cstdlib>
#include <new>

namespace {

constexpr auto pools = drone::make_layout(128, {{16, 4}, {32, 2}});
constinit drone::heap<pools, drone::cortex_m::single_core> heap;

void* reserve = nullptr;

[[noreturn]] void end() {
    print_line("the new handler has nothing left");
    drone::cortex_m::stop(0);
}

void give_up_reserve() {
    print_line("the new handler gives up the reserve");
    std::free(reserve);
    std::set_new_handler(end);
}

} // namespace

DRONE_GLOBAL_HEAP(heap)

int main() {
    print_line("a request too large: ", std::malloc(33) == nullptr ? "null" : "served");
    print_line("errno is ENOMEM: ", errno == ENOMEM ? "yes" : "no");

    reserve = std::malloc(32);
    print_line("the other block of 32: ", std::malloc(17) != nullptr ? "served" : "null");
    print_line("one more: ", new (std::nothrow) char[32] == nullptr ? "null" : "served");

    std::set_new_handler(give_up_reserve);
    static_cast<void>(::operator new(32)); // returns only when it is served
    print_line("with a handler: served");
    ::operator delete(::operator new(32));
    return 1;
}

// SPDX-License-Identifier: MIT
// A traced heap on a machine of QEMU's, with its timer's interrupt using it too, over the carrier
// that CARRIER names. On port 0 the program says itself what it did with the heap.

#include "board.hpp"
#include "exercise.hpp"

#include <drone/declare.hpp>
#include <drone/semihosting.hpp>
#include <drone/uart_carrier.hpp>

#include <census.hpp>
#include <string_view>
#include <type_traits>

namespace {

using uart_itm = drone::uart_carrier<board::uart, board::core, drone::itm_framing>;
using uart_dso = drone::uart_carrier<board::uart, board::core, drone::dso_framing>;
using semihosting = drone::semihosting_carrier<board::trap, board::core>;

struct options {
    static constexpr const auto& layout = exercised_pools;
    using core = board::core;
    using carrier = CARRIER;
    static constexpr drone::heap_settings settings{.trace_port = 31};
};

constinit exercised<census<drone::declared_heap<options>, exercised_pools.size>> both;

void print(std::string_view text) {
    drone::log_port<options::carrier, drone::standard_output_port>::write(text.data(), text.size());
}

template <class Carrier>
void drain() {
    if constexpr (requires { Carrier::drain(); }) Carrier::drain();
}

} // namespace

void board::interrupted() { both.preempt(); }

int main() {
    if constexpr (!std::is_same_v<options::carrier, semihosting>) board::uart::start(16);
    both.heap.initialize();
    board::start_timer();
    both.run(3000, 300);
    board::stop_timer();
    const int status = both.end();
    both.heap.numbers().print(print);
    drain<options::carrier>();
    board::leave(status);
}

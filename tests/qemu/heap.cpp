// SPDX-License-Identifier: MIT
// The heap on a machine of QEMU's, with its timer's interrupt using it too.

#include "board.hpp"
#include "exercise.hpp"

namespace {

constinit exercised<drone::heap<exercised_pools, board::core>> both;

} // namespace

void board::interrupted() { both.preempt(); }

int main() {
    both.heap.initialize();
    board::start_timer();
    both.run(1000, 3000);
    board::stop_timer();
    const int status = both.end();
    board::leave(status != 0 ? status : both.examine());
}

// SPDX-License-Identifier: MIT
// The heap on a machine of QEMU's, with its timer's interrupt using it too.

#include "board.hpp"
#include "exercise.hpp"

namespace {

constinit exercised<drone::heap<exercised_pools, board::core>> both;
constinit exercised<drone::heap<exercised_region, board::core>> both_by_region;

} // namespace

void board::interrupted() {
    both.preempt();
    both_by_region.preempt();
}

int main() {
    both.heap.initialize();
    both_by_region.heap.initialize();
    board::start_timer();
    both.run(1000, 1500);
    both_by_region.run(1000, 3000);
    board::stop_timer();
    const int results[] = {
        both.end(), both.examine(), both_by_region.end(), both_by_region.examine()
    };
    for (const int status : results) {
        if (status != 0) board::leave(status);
    }
    board::leave(0);
}

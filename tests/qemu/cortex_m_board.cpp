// SPDX-License-Identifier: MIT
// A Cortex-M of QEMU's: SysTick, and semihosting for the end.

#include "board.hpp"

#include <drone/semihosting.hpp>

#include <cortex_m/startup.hpp>
#include <cortex_m/systick.hpp>

extern "C" void systick_handler() { board::interrupted(); }

void board::start_timer() { drone::cortex_m::systick::start(98); }

void board::stop_timer() { drone::cortex_m::systick::stop(); }

void board::leave(int status) {
    drone::semihosting<trap>::exit(status);
    for (;;) {
    }
}

// SPDX-License-Identifier: MIT

// Says "boot" and then sleeps for ever, woken by SysTick again and again.

#include "cortex_m/startup.hpp"
#include "cortex_m/systick.hpp"

#include <unistd.h>

void systick_handler() {}

int main() {
    static_cast<void>(write(1, "boot", 4));
    drone::cortex_m::systick::start(1000);
    for (;;)
        asm volatile("wfi");
}

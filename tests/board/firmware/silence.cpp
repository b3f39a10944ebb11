// SPDX-License-Identifier: MIT

// What a firmware sees when no probe is attached: nobody listens, and stop() cannot end the run.

#include "cortex_m/itm.hpp"
#include "cortex_m/stop.hpp"

#include <unistd.h>

extern "C" volatile int told; // what the test reads
volatile int told = 0;

int main() {
    using drone::cortex_m::itm;
    const bool silent = !drone::cortex_m::debugger_attached() && !itm::enabled(0) && !itm::ready(0);
    told = silent && write(1, "lost", 4) == 4 ? 1 : 2;
    return told;
}

// SPDX-License-Identifier: MIT

// Faults at one instruction again and again: its fault handler returns to where it came from.

#include <cortex_m/startup.hpp>

void hard_fault_handler() {}

int main() {
    asm volatile("udf #0");
    return 0;
}

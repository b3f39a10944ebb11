// SPDX-License-Identifier: MIT
#pragma once

// What a program can define for the start-up code (startup.cpp, compiled into every firmware).
// Every handler has a weak default; a program overrides it with a function of that name.
//
// After reset, start-up sets up .data and .bss, enables the FPU if the code is compiled for it,
// runs static constructors and calls main(). When main returns, stop() ends the program with its
// result.

extern "C" {

void nmi_handler();
void hard_fault_handler();
void memory_fault_handler();
void bus_fault_handler();
void usage_fault_handler();
void supervisor_call_handler();
void debug_monitor_handler();
void pend_sv_handler();
void systick_handler();

/// Interrupt `irq` of the chip. All of its vectors lead to this one function.
void interrupt_handler(unsigned irq);

/// The end of every fault that the program does not handle, and of every exception without a
/// handler. By default stop(1).
[[noreturn]] void unhandled_exception(unsigned exception_number);
}

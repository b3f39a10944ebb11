// SPDX-License-Identifier: MIT
#pragma once

// What the start-up code (startup.cpp, compiled into every firmware) lets a program define. Every
// handler has a weak default: a program overrides one by defining a function of that name.
//
// After reset: .data and .bss are set up, the FPU is enabled where the code is compiled for it,
// static constructors run, then main(). When main returns, stop() ends the program with its result.

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

/// Interrupt `irq` of the chip: the one function that all of its vectors lead to.
void interrupt_handler(unsigned irq);

/// Where every fault ends that the program does not handle itself, and every exception without a
/// handler: stop(1) by default.
[[noreturn]] void unhandled_exception(unsigned exception_number);
}

// SPDX-License-Identifier: MIT
#pragma once

// What the programs here need of a machine of QEMU's: a timer that interrupts all the time, a UART,
// an end. cortex_m_board.cpp and riscv_board.cpp have the code.

#if defined(__riscv)
#include <riscv/exclusive.hpp>
#include <riscv/semihosting.hpp>
#include <uart/ns16550.hpp>
#else
#include <cortex_m/exclusive.hpp>
#include <cortex_m/semihosting.hpp>
#include <uart/cmsdk.hpp>
#endif

namespace board {

#if defined(__riscv)
using core = drone::riscv::single_core;
using trap = drone::riscv::semihosting_trap;
using uart = drone::uart::ns16550<0x1000'0000>; // of `virt`
#else
using core = drone::cortex_m::single_core;
using trap = drone::cortex_m::semihosting_trap;
using uart = drone::uart::cmsdk<0x4000'4000>; // of the MPS2 boards
#endif

/// Interrupts from now on, every few thousand instructions, and calls interrupted().
void start_timer();
void stop_timer();

/// Ends QEMU with this status.
[[noreturn]] void leave(int status);

/// The program's: what it does in the interrupt.
void interrupted();

} // namespace board

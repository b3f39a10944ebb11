// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <utility>

namespace drone::board {

/// The core's halting debug (ARMv7-M C1.5, C1.6): whether a debugger is there, whether it has halted
/// the core and why. The board acts on it.
struct core_debug {
    bool enabled = false; ///< DHCSR.C_DEBUGEN: a debugger is there, and may halt
    bool halted = false;
    bool steps = false;             ///< C_STEP: the next resume is for one instruction
    bool masks_interrupts = false;  ///< C_MASKINTS
    bool locked_up = false;         ///< two faults in each other; only a reset or a halt ends it
    bool was_reset = false;         ///< S_RESET_ST, until it is read
    std::uint64_t retired_seen = 0; ///< instructions when S_RETIRE_ST was read last
    std::uint32_t data = 0;         ///< DCRDR
    std::uint32_t events = 0;       ///< DFSR

    /// Bits of DFSR.
    enum event : std::uint32_t { halt_request = 1, breakpoint = 2, vector_catch = 8 };

    void halt(event why) {
        halted = true;
        locked_up = false;
        events |= why;
    }
};

} // namespace drone::board

// SPDX-License-Identifier: MIT
#pragma once

#include "board/chip.hpp"
#include "board/core_debug.hpp"
#include "board/dwt.hpp"
#include "board/flash_controller.hpp"
#include "board/fpb.hpp"
#include "board/itm.hpp"
#include "board/nvic.hpp"
#include "board/timers.hpp"
#include "board/tpiu.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace drone::board {

/// The peripherals: everything of the board that is plain data, copied by a snapshot.
struct peripherals {
    explicit peripherals(const chip& part = stm32f407())
        : pin(part.is_swo_alone), registers(part), flash_control(part.flash) {}

    std::uint64_t now = 0;     ///< cycles since power-on
    std::uint64_t skipped = 0; ///< of these, spent asleep or waiting for the trace FIFO
    nvic interrupts;
    systick system_timer;
    std::array<timer, 2> timers; ///< TIM2, TIM3
    dwt watch;
    itm trace;
    tpiu pin;
    fpb breakpoints;
    core_debug debug;
    chip_registers registers;
    flash_controller flash_control;
    std::uint32_t monitor_control = 0; ///< DEMCR
    std::uint32_t coprocessor_access = 0;
    std::uint32_t next_instruction = 0;
    bool asleep = false; ///< in a WFI
    bool held_in_reset = false;
    std::size_t deepest_nesting = 0;

    [[nodiscard]] std::uint64_t instructions() const { return now - skipped; }
    /// Lets time pass without an instruction.
    void skip_to(std::uint64_t cycle) {
        skipped += cycle - now;
        now = cycle;
    }
    void halt(core_debug::event why) {
        debug.halt(why);
        asleep = false; // C1.5.1: a core that is halted in a WFI goes on after it
    }
};

} // namespace drone::board

// SPDX-License-Identifier: MIT
#pragma once

#include "board/chip.hpp"
#include "board/core_model.hpp"
#include "board/memory_map.hpp"

#include <cstdint>
#include <optional>

namespace drone::board {

/// What a debug probe does to a board before it lets the core go.
struct probe_setup {
    std::uint32_t ports = 0xFFFF'FFFF; ///< ITM_TER
    bool timestamps = false;           ///< ITM_TCR.TSENA
    unsigned sync_tap = 1;        ///< DWT_CTRL.SYNCTAP: 0 never, 1..3 every 2^24, 2^26, 2^28 cycles
    bool exception_trace = false; ///< DWT_CTRL.EXCTRCENA
    bool frames = false;          ///< TPIU frames around the trace, source 1
    std::uint32_t baud = 2'000'000;
};

/// What a board is made of.
struct board_setup {
    core_model model = core_model::m4;
    const chip* part = &stm32f407(); ///< what is around the core
    std::uint32_t cpu_hz = default_cpu_hz;
    std::optional<probe_setup> probe = probe_setup{}; ///< none: nobody listens
    /// A debugger may come by virtual_board's debug_target; without a `probe`. Flash without a
    /// program is a core in lockup then, not an error.
    bool debug_port = false;
    /// Cycles between two calls of board_listener::poll, at least; some 2 ms of real time. Unlike a
    /// limit of run(), looking does not change the course of anything.
    std::uint64_t poll_cycles = 300'000;
};

} // namespace drone::board

// SPDX-License-Identifier: MIT
#pragma once

// Exhaustive preemption: one call is run again and again from the same moment, each time with an
// interrupt before another one of its instructions, until every place has had its turn. Inside an
// IT block an interrupt is taken after the block, so a place there counts for the block's end.

#include "board/board.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace drone::board {

/// One run of the experiment: where interrupts came.
struct preempted_run {
    std::uint64_t outer = 0; ///< the interrupt came before this instruction of the call, from 0
    std::optional<std::uint64_t> inner; ///< ... and a second one so many instructions later
    run_end end; ///< kind::address when the call returned; anything else is a finding
};

/// Judges one run; the board is after the call. False ends the experiment.
using judge = std::function<bool(virtual_board&, const preempted_run&)>;

/// Interrupt `irq` before every instruction of the call at whose first instruction the board
/// stands. Returns the number of runs. Afterwards the board is at the call again.
std::uint64_t preempt_everywhere(virtual_board& board, unsigned irq, const judge& check);

/// The same, and for each place of `outer` the interrupt `inner`, of higher priority, before every
/// instruction of the outer one's handler.
std::uint64_t
preempt_twice_everywhere(virtual_board& board, unsigned outer, unsigned inner, const judge& check);

} // namespace drone::board

// SPDX-License-Identifier: MIT
#pragma once

#include "board/board_run.hpp"
#include "board/board_setup.hpp"
#include "board/core.hpp"
#include "board/nvic.hpp"
#include "board/peripherals.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace drone::board {

/// What the exceptions report to the board, once it is done.
class exception_events {
public:
    exception_events() = default;
    exception_events(const exception_events&) = delete;
    exception_events& operator=(const exception_events&) = delete;
    virtual ~exception_events() = default;

    virtual void entered_exception(unsigned number) = 0;
    virtual void left_exception(unsigned number) = 0;
};

/// How a board's exceptions begin and end: interrupts, calls, faults (ARMv7-M B1.5). Which one may
/// run is decided by the nvic. What ends the run is returned; nothing: the core goes on.
class board_exceptions {
public:
    /// All must outlive it.
    board_exceptions(
        const board_setup& setup,
        core& processor,
        peripherals& devices,
        board_listener& listener,
        exception_events& events
    )
        : setup_(setup), core_(processor), devices_(devices), listener_(listener), events_(events) {
    }

    /// What the core and a debugger mask now.
    [[nodiscard]] exception_masks masks() const;
    /// The exception that is to be entered now, exception::none if there is none.
    [[nodiscard]] unsigned next() const { return devices_.interrupts.next(masks()); }

    [[nodiscard]] std::optional<run_end> enter(unsigned number);
    [[nodiscard]] std::optional<run_end> leave(std::uint32_t exception_return);
    [[nodiscard]] std::optional<run_end> call_supervisor();
    [[nodiscard]] std::optional<run_end> fault(const trap& why);
    /// BKPT that nobody takes.
    [[nodiscard]] std::optional<run_end> fault_at_breakpoint();
    /// The end of a core that a debugger halts.
    [[nodiscard]] run_end halt(core_debug::event why);
    /// The end of a core that cannot go on, with what its registers say.
    [[nodiscard]] run_end lockup(const std::string& what) const;

private:
    [[nodiscard]] bool catches_vector(unsigned number) const;
    void trace(unsigned number, dwt::exception_action action);

    const board_setup& setup_;
    core& core_;
    peripherals& devices_;
    board_listener& listener_;
    exception_events& events_;
};

} // namespace drone::board

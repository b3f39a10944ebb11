// SPDX-License-Identifier: MIT
#pragma once

// What a run of the board gives: why it ended, and what it reports meanwhile.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace drone::board {

/// Why run() came back.
struct run_end {
    enum class kind : std::uint8_t {
        exited,    ///< the firmware asked for it by semihosting; `status` is its own
        faulted,   ///< `message` says where and why
        idle,      ///< WFI that nothing can end
        limit,     ///< as many cycles as allowed have passed
        address,   ///< the instruction at run_limits::address is next
        requested, ///< board_listener::poll asked for it
        halted,    ///< a debugger has halted the core, or it is in lockup
    };
    kind why = kind::idle;
    int status = 0;
    std::string message;
};

/// Where a run stops, besides its own end.
struct run_limits {
    std::optional<std::uint64_t> cycles = std::nullopt; ///< absolute, as virtual_board::now()
    std::optional<std::uint32_t> address =
        std::nullopt; ///< stop before this instruction, but not as the first
    std::optional<std::uint32_t> stack = std::nullopt; ///< ... and only with this stack pointer
};

/// Takes what the board gives. The defaults drop it.
class board_listener {
public:
    enum class request : std::uint8_t { none, stop, reset };

    board_listener() = default;
    board_listener(const board_listener&) = default;
    board_listener& operator=(const board_listener&) = default;
    virtual ~board_listener() = default;

    /// Bytes that the SWO pin sent. False: nobody takes them any more; the run ends.
    virtual bool swo(std::span<const std::uint8_t> /*bytes*/) { return true; }
    /// Semihosting output; descriptor 1 or 2.
    virtual void console(int /*descriptor*/, std::string_view /*text*/) {}
    /// One line about the run: a fault that the firmware's own handler now takes.
    virtual void note(std::string_view /*line*/) {}
    /// Called every so often.
    virtual request poll() { return request::none; }
};

} // namespace drone::board

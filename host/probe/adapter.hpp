// SPDX-License-Identifier: MIT
#pragma once

// How a board is reached: flash it, reset it, debug it. open_adapter() picks the way by what [probe]
// says. The log of the virtual board is a stream of it (virtual_board.hpp); that of another board is
// served by its tool (plan.hpp).

#include "base/error.hpp"
#include "config/config.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace drone::probe {

/// A board's log while it is open: bytes as they leave the board, in the format that [log] names.
class log_stream {
public:
    log_stream() = default;
    log_stream(const log_stream&) = delete;
    log_stream& operator=(const log_stream&) = delete;
    virtual ~log_stream() = default; ///< ends what finish() has not

    /// Where to read the bytes; its end is the end of the log. Stays this object's own.
    [[nodiscard]] virtual int descriptor() const noexcept = 0;

    /// Asks the board to end its log; bytes on their way can still be read, then comes the end.
    /// May be called at any time, from a signal handler too.
    virtual void stop() noexcept = 0;

    /// Waits for the other side to end: what it had to say (may be empty), or what went wrong.
    /// Call it after the end of the log, once; it closes the descriptor.
    [[nodiscard]] virtual result<std::string> finish() = 0;
};

/// What to ask of a board's log.
struct log_request {
    std::uint32_t ports = ~std::uint32_t{0}; ///< bit N enables port N
    bool reset = false;                      ///< start from reset
};

/// What to debug with.
struct debug_request {
    std::filesystem::path firmware = {};     ///< with the symbols; may be empty
    std::filesystem::path gdb_commands = {}; ///< our Python file for gdb; empty: it loads none
};

/// A way to one board.
class adapter {
public:
    adapter() = default;
    adapter(const adapter&) = delete;
    adapter& operator=(const adapter&) = delete;
    virtual ~adapter() = default;

    /// Writes an ELF file that check_firmware() accepts.
    [[nodiscard]] virtual result<void> flash(const std::filesystem::path& firmware) = 0;
    [[nodiscard]] virtual result<void> reset() = 0;
    /// Runs a debugger for the user, to its end: its exit code.
    [[nodiscard]] virtual result<int> debug(const debug_request& ask) = 0;
};

/// The adapter for a project's [probe]. `tools` is the folder of the running tool, where drone-board
/// is.
[[nodiscard]] result<std::unique_ptr<adapter>>
open_adapter(const config::project& p, const std::filesystem::path& tools);

} // namespace drone::probe

// SPDX-License-Identifier: MIT
#pragma once

// The virtual board behind an ST-Link, as a program that OpenOCD's ST-Link driver connects to:
// sockets, signals and the course of time around virtual_board and stlink_server.

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "board/board.hpp"
#include "board/control.hpp"
#include "board/stlink_server.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace drone::board {

struct debug_server_setup {
    std::filesystem::path flash_file; ///< made when it is not there; what is programmed goes there
    std::uint16_t port = 0;           ///< on 127.0.0.1; 0: one that is free
    const chip* part = &stm32f407();  ///< what the board shows itself as
    std::uint32_t cpu_hz = 0;         ///< from reset on; 0: the part's
    stlink_version version;
    stlink_server_setup server;
    /// The core goes on while the probe's buffer is full, and bytes are lost, as on hardware. If
    /// not, the core waits in virtual time, so that no trace depends on the speed of the machine.
    bool overflows = false;
    std::string swo_file; ///< what leaves the SWO pin, also here; may be empty
    /// A program to run, with `{port}` for the port in its arguments. The board ends with it.
    std::vector<std::string> command;
};

/// Serves one client after the other. Signals: SIGHUP resets the board; SIGINT and SIGTERM end it.
/// With a command the board leaves SIGINT to it, and passes SIGTERM on; a command that does not end
/// in two seconds then is killed.
class debug_server final : private board_listener {
public:
    /// Opens the port and powers the board. The signals above, and SIGCHLD, are blocked from then on.
    static result<std::unique_ptr<debug_server>> open(const debug_server_setup& setup);

    debug_server(const debug_server&) = delete;
    debug_server& operator=(const debug_server&) = delete;
    ~debug_server() override;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// Serves until a signal or the command ends it. Returns the exit status.
    [[nodiscard]] result<int> serve();

private:
    debug_server(const debug_server_setup& setup, control_socket control)
        : setup_(setup), control_(std::move(control)) {}

    [[nodiscard]] result<void> listen();
    [[nodiscard]] result<void> power_board();
    [[nodiscard]] result<void> start_command();
    [[nodiscard]] result<void> wait(bool board_runs);
    [[nodiscard]] result<void> take_signal();
    [[nodiscard]] result<void> take_client();
    [[nodiscard]] result<void> take_bytes();
    [[nodiscard]] result<void> drop_client();
    [[nodiscard]] bool board_runs() const;
    void run_slice();
    void reset_board();
    [[nodiscard]] result<void> keep_flash();

    bool swo(std::span<const std::uint8_t> bytes) override;
    void note(std::string_view line) override;
    request poll() override;

    debug_server_setup setup_;
    control_socket control_;
    std::unique_ptr<virtual_board> board_;
    std::unique_ptr<stlink_probe> probe_;
    std::unique_ptr<stlink_server> server_;
    base::descriptor listener_;
    base::descriptor client_;
    base::descriptor signals_;
    base::descriptor swo_file_;
    std::uint16_t port_ = 0;
    pid_t command_ = 0;
    bool sleeps_for_ever_ = false;
    unsigned notes_ = 0;
    unsigned slices_ = 0; // without a client, since somebody looked
    std::optional<int> exit_status_;
};

} // namespace drone::board

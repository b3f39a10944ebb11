// SPDX-License-Identifier: MIT
#pragma once

// `drone-board stlink`: the command line of the debug server.

#include "board/debug_server.hpp"

#include <string>

namespace CLI {
class App;
}

namespace drone::board {

struct stlink_options {
    debug_server_setup server;
    std::string probe = "V3J9";
    std::string part = "stm32f407";
};

/// Adds the command's options.
void add_stlink_options(CLI::App& command, stlink_options& options);

/// Runs the server; returns the exit code.
[[nodiscard]] int serve_stlink(const stlink_options& options);

} // namespace drone::board

// SPDX-License-Identifier: MIT
#pragma once

// What a probe's tool is asked to do, as the exact command lines that a user could type. Pure: nothing
// is run, and no file is read. docs/probes.md says how each was proved.

#include "base/error.hpp"
#include "config/config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace drone::probe {

/// A program and its arguments.
using command_line = std::vector<std::string>;

/// A file that a tool reads, in the folder of the run.
struct script {
    std::string path;
    std::string text;
};

/// Ports of this machine, and a folder for files, that one run uses.
struct workplace {
    std::uint16_t control_port = 6666; ///< OpenOCD's Tcl port, or a gdb server's port
    std::uint16_t data_port = 3344;    ///< raw bytes of the log
    std::string folder = {};
    std::string gdb_commands = {}; ///< gdb's Python file; empty: it loads none
};

/// Programs that are run to their end, one after the other.
struct task {
    std::vector<script> scripts;
    std::vector<command_line> commands;
};

/// How a tool that serves the log is told to begin.
enum class control : std::uint8_t {
    none, ///< it begins by itself
    tcl,  ///< lines to OpenOCD's Tcl port
    gdb,  ///< `monitor` commands of the gdb protocol, and then `continue`
};

/// A program that serves the log for as long as it runs.
struct log_service {
    command_line command = {}; ///< empty: a server that runs already
    std::string ready = {};    ///< what it says when its ports are open; empty: at once
    std::string
        source; ///< of the bytes, as `drone log --input` spells it; a path: a FIFO or device
    control how = control::none;
    std::string server = {}; ///< HOST:PORT of the control
    std::vector<std::string> begin = {};
};

/// A debugger for a user, and the server that it needs.
struct debug_session {
    command_line server = {}; ///< empty: none
    std::string ready = {};
    command_line debugger;
};

/// A probe, and what is known of the log.
struct setup {
    config::probe probe;
    config::log log;
    config::region ram{
        .origin = 0x2000'0000, .size = 0x2'0000
    }; ///< where RTT's block is looked for
};

[[nodiscard]] result<task>
plan_flash(const setup& s, const std::string& firmware, const workplace& at);
[[nodiscard]] result<task> plan_reset(const setup& s, const workplace& at);
[[nodiscard]] result<log_service> plan_log(const setup& s, bool reset, const workplace& at);
[[nodiscard]] result<debug_session>
plan_debug(const setup& s, const std::string& firmware, const workplace& at);
/// OpenOCD with its Tcl port open and the target running, for `drone doctor`.
[[nodiscard]] result<log_service> plan_inspection(const setup& s, const workplace& at);

/// `TOOL:CHIP`, as `drone log --via` spells it: `openocd:stm32f4x`, `openocd:cmsis-dap+nrf52`,
/// `jlink:STM32F407VG`, `gdb:HOST:PORT`.
[[nodiscard]] result<config::probe> parse_via(const std::string& text);

/// `BAUD@CLOCK`: a rate, and the clock that is divided to get it.
[[nodiscard]] result<void> parse_rate(const std::string& text, config::log& into);
/// The same, as `--swo` spells it: the log over SWO.
[[nodiscard]] result<void> parse_swo(const std::string& text, config::log& into);

} // namespace drone::probe

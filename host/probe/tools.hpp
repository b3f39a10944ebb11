// SPDX-License-Identifier: MIT
#pragma once

// The tools that plan.hpp plans for, one file each. Private to probe/.

#include "probe/plan.hpp"

#include <string_view>

namespace drone::probe {

struct tool {
    std::string_view kind;
    result<task> (*flash)(const setup&, const std::string& firmware, const workplace&);
    result<task> (*reset)(const setup&, const workplace&);
    result<log_service> (*log)(const setup&, bool reset, const workplace&);
    result<debug_session> (*debug)(const setup&, const std::string& firmware, const workplace&);
};

extern const tool openocd_tool;
extern const tool gdb_tool;
extern const tool jlink_tool;
extern const tool bmp_tool;
extern const tool pyocd_tool;
extern const tool probe_rs_tool;

/// Null: there is no such tool.
[[nodiscard]] const tool* find_tool(std::string_view kind);

/// A port of this machine, as HOST:PORT.
[[nodiscard]] std::string local(std::uint16_t port);

/// The clock that the trace port divides, or an error that says how to name it.
[[nodiscard]] result<std::uint32_t> trace_clock(const setup& s);

/// RTT through a gdb server, as `drone log --input` spells it, with the RAM in which it is looked for.
[[nodiscard]] std::string gdb_source(const setup& s, const std::string& server);

/// gdb-multiarch for one list of commands.
[[nodiscard]] command_line
gdb_batch(const std::vector<std::string>& commands, const std::string& firmware);
/// gdb-multiarch for a user: with our commands, connected to `server`, after these commands.
[[nodiscard]] command_line gdb_session(
    const workplace& at,
    const std::string& server,
    const std::vector<std::string>& commands,
    const std::string& firmware
);

} // namespace drone::probe

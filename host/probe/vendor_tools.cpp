// SPDX-License-Identifier: MIT

// J-Link, pyOCD and probe-rs, as their documentation has them. None was run with hardware: the tests
// check these lines against stand-ins.

#include "probe/tools.hpp"

#include <fmt/format.h>

namespace drone::probe {

namespace {

std::string fifo(const workplace& at) { return at.folder + "/log.fifo"; }

bool is_rtt(const setup& s) { return s.log.carrier == config::log_carrier::rtt; }

// -- J-Link ---------------------------------------------------------------------------------------

command_line jlink(const std::string& program, const setup& s) {
    return {program, "-device", s.probe.chip, "-if", "SWD", "-speed", "4000"};
}

/// The words that name the probe, where it is named.
void add_serial(command_line& line, const setup& s, const std::string& option, const char* kind) {
    if (!s.probe.serial.empty()) line.insert(line.end(), {option, kind + s.probe.serial});
}

command_line jlink_commander(const setup& s, const workplace& at) {
    command_line line = jlink("JLinkExe", s);
    add_serial(line, s, "-USB", "");
    line.insert(
        line.end(),
        {"-autoconnect",
         "1",
         "-NoGui",
         "1",
         "-ExitOnError",
         "1",
         "-CommandFile",
         at.folder + "/commands.jlink"}
    );
    return line;
}

result<task> jlink_flash(const setup& s, const std::string& firmware, const workplace& at) {
    const std::string hex = at.folder + "/firmware.hex";
    return task{
        .scripts =
            {{at.folder + "/commands.jlink", fmt::format("r\nh\nloadfile {}\nr\ng\nq\n", hex)}},
        .commands = {{"arm-none-eabi-objcopy", "-O", "ihex", firmware, hex}, jlink_commander(s, at)}
    };
}

result<task> jlink_reset(const setup& s, const workplace& at) {
    return task{
        .scripts = {{at.folder + "/commands.jlink", "r\ng\nq\n"}},
        .commands = {jlink_commander(s, at)}
    };
}

command_line jlink_server(const setup& s, const workplace& at) {
    command_line line = jlink("JLinkGDBServerCLExe", s);
    add_serial(line, s, "-select", "usb=");
    line.insert(
        line.end(),
        {"-port",
         std::to_string(at.control_port),
         "-swoport",
         std::to_string(at.data_port),
         "-nogui"}
    );
    return line;
}

result<log_service> jlink_log(const setup& s, bool reset, const workplace& at) {
    if (is_rtt(s)) {
        command_line line = {
            "JLinkRTTLoggerExe", "-Device", s.probe.chip, "-If", "SWD", "-Speed", "4000"
        };
        add_serial(line, s, "-USB", "");
        line.insert(line.end(), {"-RTTChannel", std::to_string(s.log.rtt_channel), fifo(at)});
        return log_service{.command = std::move(line), .source = fifo(at)};
    }
    const auto clock = trace_clock(s);
    if (!clock) return std::unexpected(clock.error());
    std::vector<std::string> begin;
    if (reset) begin.emplace_back("reset");
    begin.push_back(fmt::format("SWO EnableTarget {} {} 0xFFFFFFFF 0", *clock, s.log.baud));
    return log_service{
        .command = jlink_server(s, at),
        .ready = "Waiting for GDB connection",
        .source = "tcp:" + local(at.data_port),
        .how = control::gdb,
        .server = local(at.control_port),
        .begin = std::move(begin)
    };
}

result<debug_session>
jlink_debug(const setup& s, const std::string& firmware, const workplace& at) {
    return debug_session{
        .server = jlink_server(s, at),
        .ready = "Waiting for GDB connection",
        .debugger = gdb_session(at, local(at.control_port), {}, firmware)
    };
}

// -- pyOCD ----------------------------------------------------------------------------------------

command_line pyocd(const std::string& command, const setup& s) {
    command_line line = {"pyocd", command, "-t", s.probe.chip};
    if (!s.probe.serial.empty()) line.insert(line.end(), {"-u", s.probe.serial});
    return line;
}

result<task> pyocd_flash(const setup& s, const std::string& firmware, const workplace& /*at*/) {
    command_line line = pyocd("load", s);
    line.push_back(firmware);
    return task{.scripts = {}, .commands = {std::move(line), pyocd("reset", s)}};
}

result<task> pyocd_reset(const setup& s, const workplace& /*at*/) {
    return task{.scripts = {}, .commands = {pyocd("reset", s)}};
}

constexpr const char* pyocd_ready = "GDB server listening on port";

command_line pyocd_server(const setup& s, const workplace& at) {
    command_line line = pyocd("gdbserver", s);
    line.insert(line.end(), {"-p", std::to_string(at.control_port)});
    return line;
}

result<log_service> pyocd_log(const setup& s, bool reset, const workplace& at) {
    // `pyocd rtt` wants a terminal, and keeps the last 8 KiB of its file when it is ended.
    if (is_rtt(s))
        return log_service{
            .command = pyocd_server(s, at),
            .ready = pyocd_ready,
            .source = gdb_source(s, local(at.control_port))
        };
    const auto clock = trace_clock(s);
    if (!clock) return std::unexpected(clock.error());
    command_line line = pyocd("gdbserver", s);
    line.insert(
        line.end(),
        {"-S",
         "-p",
         std::to_string(at.control_port),
         "-Oenable_swv=1",
         fmt::format("-Oswv_system_clock={}", *clock),
         fmt::format("-Oswv_clock={}", s.log.baud),
         "-Oswv_raw_enable=1",
         fmt::format("-Oswv_raw_port={}", at.data_port)}
    );
    std::vector<std::string> begin;
    if (reset) begin.emplace_back("reset halt");
    return log_service{
        .command = std::move(line),
        .ready = pyocd_ready,
        .source = "tcp:" + local(at.data_port),
        .how = control::gdb,
        .server = local(at.control_port),
        .begin = std::move(begin)
    };
}

result<debug_session>
pyocd_debug(const setup& s, const std::string& firmware, const workplace& at) {
    return debug_session{
        .server = pyocd_server(s, at),
        .ready = pyocd_ready,
        .debugger = gdb_session(at, local(at.control_port), {}, firmware)
    };
}

// -- probe-rs -------------------------------------------------------------------------------------

command_line probe_rs(const std::string& command, const setup& s) {
    command_line line = {"probe-rs", command, "--chip", s.probe.chip};
    if (!s.probe.serial.empty()) line.insert(line.end(), {"--probe", s.probe.serial});
    return line;
}

command_line probe_rs_server(const setup& s, const workplace& at) {
    command_line line = probe_rs("gdb", s);
    line.insert(line.end(), {"--gdb-connection-string", local(at.control_port)});
    return line;
}
constexpr const char* probe_rs_ready = "Firing up GDB stub"; // a moment before it listens

result<task> probe_rs_flash(const setup& s, const std::string& firmware, const workplace& /*at*/) {
    command_line line = probe_rs("download", s);
    line.insert(line.end(), {"--verify", firmware});
    return task{.scripts = {}, .commands = {std::move(line), probe_rs("reset", s)}};
}

result<task> probe_rs_reset(const setup& s, const workplace& /*at*/) {
    return task{.scripts = {}, .commands = {probe_rs("reset", s)}};
}

result<log_service> probe_rs_log(const setup& s, bool /*reset*/, const workplace& at) {
    if (!is_rtt(s))
        return fail(
            "probe-rs prints SWO as text, not as bytes; write carrier = \"rtt\" under [log], or "
            "--rtt"
        );
    return log_service{
        .command = probe_rs_server(s, at),
        .ready = probe_rs_ready,
        .source = gdb_source(s, local(at.control_port))
    };
}

result<debug_session>
probe_rs_debug(const setup& s, const std::string& firmware, const workplace& at) {
    return debug_session{
        .server = probe_rs_server(s, at),
        .ready = probe_rs_ready,
        .debugger = gdb_session(at, local(at.control_port), {}, firmware)
    };
}

} // namespace

const tool jlink_tool = {"jlink", jlink_flash, jlink_reset, jlink_log, jlink_debug};
const tool pyocd_tool = {"pyocd", pyocd_flash, pyocd_reset, pyocd_log, pyocd_debug};
const tool probe_rs_tool = {
    "probe-rs", probe_rs_flash, probe_rs_reset, probe_rs_log, probe_rs_debug
};

} // namespace drone::probe

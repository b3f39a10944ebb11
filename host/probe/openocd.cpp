// SPDX-License-Identifier: MIT

// OpenOCD 0.12. What its order of commands must be, and why, is in docs/probes.md.

#include "probe/tools.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace drone::probe {

namespace {

/// A word of Tcl.
std::string braced(const std::string& text) { return "{" + text + "}"; }

std::string transport_of(const config::probe& p) {
    if (!p.transport.empty()) return p.transport;
    if (p.interface == "stlink-dap") return "dapdirect_swd";
    if (p.interface == "stlink") return "hla_swd";
    return "swd";
}

void add(command_line& line, const std::string& tcl) {
    line.emplace_back("-c");
    line.push_back(tcl);
}

/// Up to the commands of the user.
command_line beginning(const config::probe& p) {
    command_line line = {"openocd", "-f", fmt::format("interface/{}.cfg", p.interface)};
    add(line, "transport select " + transport_of(p));
    if (!p.serial.empty()) add(line, "adapter serial " + braced(p.serial));
    line.insert(line.end(), {"-f", fmt::format("target/{}.cfg", p.chip)});
    for (const std::string& command : p.commands)
        add(line, command);
    return line;
}

command_line without_ports(const config::probe& p) {
    command_line line = beginning(p);
    add(line, "gdb_port disabled; tcl_port disabled; telnet_port disabled");
    return line;
}

result<task> flash(const setup& s, const std::string& firmware, const workplace& /*at*/) {
    command_line line = without_ports(s.probe);
    add(line, fmt::format("program {} verify reset exit", braced(firmware)));
    return task{.scripts = {}, .commands = {std::move(line)}};
}

result<task> reset(const setup& s, const workplace& /*at*/) {
    command_line line = without_ports(s.probe);
    add(line, "init; reset run; shutdown");
    return task{.scripts = {}, .commands = {std::move(line)}};
}

/// Targets whose file makes a TPIU, with its name.
std::string trace_object(const std::string& chip) {
    constexpr std::array with = {
        "stm32f1x",
        "stm32f2x",
        "stm32f3x",
        "stm32f4x",
        "stm32f7x",
        "stm32g4x",
        "stm32l1",
        "stm32l4x",
        "stm32l5x",
        "stm32u5x",
        "stm32wbx",
        "stm32wlx"
    };
    if (chip == "stm32h7x") return "stm32h7x.swo";
    if (std::ranges::find(with, chip) != with.end()) return chip + ".tpiu";
    return {};
}

command_line serving(const setup& s, const workplace& at) {
    command_line line = beginning(s.probe);
    add(line, fmt::format("gdb_port disabled; telnet_port disabled; tcl_port {}", at.control_port));
    return line;
}

log_service service(command_line line, const workplace& at) {
    return {
        .command = std::move(line),
        .ready = fmt::format("Listening on port {} for tcl connections", at.control_port),
        .source = "tcp:" + local(at.data_port),
        .how = control::tcl,
        .server = local(at.control_port)
    };
}

result<log_service> swo(const setup& s, bool reset, const workplace& at) {
    const auto clock = trace_clock(s);
    if (!clock) return std::unexpected(clock.error());
    command_line line = serving(s, at);
    std::string port = trace_object(s.probe.chip);
    if (port.empty()) {
        port = "drone.tpiu";
        add(line,
            "tpiu create drone.tpiu -dap [lindex [dap names] 0] -ap-num 0 -baseaddr 0xE0040000");
    }
    add(line, reset ? "init; reset halt" : "init; halt");
    add(line,
        fmt::format(
            "{} configure -protocol uart -output :{} -traceclk {} -pin-freq {} -formatter {}",
            port,
            at.data_port,
            *clock,
            s.log.baud,
            s.log.format == config::log_format::tpiu ? "on" : "off"
        ));
    add(line, "source [find mem_helper.tcl]"); // of mmw: not every target's file has it
    for (const auto& [address, set, clear] : s.probe.trace_writes)
        add(line, fmt::format("mmw {:#x} {:#x} {:#x}", address, set, clear & ~set));
    add(line, port + " enable; itm ports on");
    // OpenOCD sets neither SYNCENA nor SYNCTAP, and every `itm` rewrites TCR: so these come last.
    add(line, "mww 0xE0000FB0 0xC5ACCE55; mmw 0xE0000E80 0x4 0; mmw 0xE0001000 0x401 0x800");
    if (s.log.timestamps) add(line, "mmw 0xE0000E80 0x2 0");
    log_service made = service(std::move(line), at);
    // A client is heard after the next command: so the target starts after one that does nothing.
    made.begin = {"echo {}", "resume"};
    return made;
}

result<log_service> rtt(const setup& s, bool reset, const workplace& at) {
    command_line line = serving(s, at);
    add(line, reset ? "init; reset run" : "init");
    add(line,
        fmt::format(
            "rtt setup {:#x} {:#x} {{SEGGER RTT}}; rtt polling_interval 1", s.ram.origin, s.ram.size
        ));
    // The program makes the block some time after its start.
    add(line,
        "for {set i 0} {$i < 100} {incr i} { rtt start; "
        "if {![catch {rtt channels} found] && $found ne {}} break; sleep 20 }");
    add(line, fmt::format("rtt server start {} {}", at.data_port, s.log.rtt_channel));
    log_service made = service(std::move(line), at);
    made.ready = fmt::format("Listening on port {} for rtt connections", at.data_port);
    made.how = control::none;
    return made;
}

result<log_service> log(const setup& s, bool reset, const workplace& at) {
    return s.log.carrier == config::log_carrier::rtt ? rtt(s, reset, at) : swo(s, reset, at);
}

result<debug_session> debug(const setup& s, const std::string& firmware, const workplace& at) {
    command_line line = beginning(s.probe);
    add(line, fmt::format("gdb_port {}; tcl_port disabled; telnet_port disabled", at.control_port));
    return debug_session{
        .server = std::move(line),
        .ready = fmt::format("Listening on port {} for gdb connections", at.control_port),
        .debugger = gdb_session(at, local(at.control_port), {}, firmware)
    };
}

} // namespace

const tool openocd_tool = {"openocd", flash, reset, log, debug};

result<log_service> plan_inspection(const setup& s, const workplace& at) {
    if (s.probe.kind != "openocd")
        return fail(fmt::format(
            "`drone doctor` reads registers through openocd or gdb, not {}; say --via "
            "openocd:stm32f4x or --via gdb:localhost:3333, or change \"kind\" under [probe]",
            s.probe.kind
        ));
    command_line line = serving(s, at);
    add(line, "init");
    return service(std::move(line), at);
}

} // namespace drone::probe

// SPDX-License-Identifier: MIT

// Probes that are reached through the gdb protocol: any server that runs already, and Black Magic.

#include "probe/tools.hpp"

#include <fmt/format.h>

namespace drone::probe {

namespace {

std::string attach_to(const config::probe& p) { return "target extended-remote " + p.server; }

result<task> flash(const setup& s, const std::string& firmware, const workplace& /*at*/) {
    return task{
        .scripts = {},
        .commands = {gdb_batch(
            {attach_to(s.probe), "load", "compare-sections", "monitor system_reset", "disconnect"},
            firmware
        )}
    };
}

result<task> reset(const setup& s, const workplace& /*at*/) {
    return task{
        .scripts = {},
        .commands = {gdb_batch({attach_to(s.probe), "monitor system_reset", "detach"}, {})}
    };
}

result<log_service> log(const setup& s, bool /*reset*/, const workplace& /*at*/) {
    if (s.log.carrier != config::log_carrier::rtt)
        return fail("a gdb server gives no SWO; write carrier = \"rtt\" under [log], or --rtt");
    return log_service{.source = gdb_source(s, s.probe.server)};
}

result<debug_session> debug(const setup& s, const std::string& firmware, const workplace& at) {
    return debug_session{.debugger = gdb_session(at, s.probe.server, {}, firmware)};
}

/// Black Magic's own gdb server is the probe's first serial line.
std::string bmp_device(const config::probe& p) {
    return p.server.empty() ? "/dev/ttyBmpGdb" : p.server;
}
/// Its second line has what the target says over RTT.
std::string bmp_data_device(const config::probe& p) {
    std::string device = bmp_device(p);
    if (!device.ends_with("Gdb")) return "/dev/ttyBmpTarg";
    return device.replace(device.size() - 3, 3, "Targ");
}
/// What its gdb server must be told once gdb is connected.
std::vector<std::string> bmp_scan() { return {"monitor swd_scan", "attach 1"}; }

std::vector<std::string> bmp_attach(const config::probe& p) {
    std::vector<std::string> commands = bmp_scan();
    commands.insert(commands.begin(), "target extended-remote " + bmp_device(p));
    return commands;
}

result<task> bmp_flash(const setup& s, const std::string& firmware, const workplace& /*at*/) {
    std::vector<std::string> commands = bmp_attach(s.probe);
    commands.insert(commands.end(), {"load", "compare-sections", "kill"});
    return task{.scripts = {}, .commands = {gdb_batch(commands, firmware)}};
}

result<task> bmp_reset(const setup& s, const workplace& /*at*/) {
    return task{
        .scripts = {},
        .commands = {gdb_batch(
            {"target extended-remote " + bmp_device(s.probe), "monitor reset"}, {}
        )}
    };
}

result<log_service> bmp_log(const setup& s, bool reset, const workplace& /*at*/) {
    if (s.log.carrier != config::log_carrier::rtt)
        return fail(
            "Black Magic sends SWO on a USB interface that only orbuculum reads; start it, and "
            "read --input tcp:localhost:3443, or write carrier = \"rtt\" under [log], or --rtt"
        );
    std::vector<std::string> commands = bmp_attach(s.probe);
    commands.push_back(fmt::format("monitor rtt channel {}", s.log.rtt_channel));
    commands.emplace_back("monitor rtt enable");
    if (reset) commands.emplace_back("run");
    if (!reset) commands.emplace_back("continue");
    return log_service{.command = gdb_batch(commands, {}), .source = bmp_data_device(s.probe)};
}

result<debug_session> bmp_debug(const setup& s, const std::string& firmware, const workplace& at) {
    return debug_session{.debugger = gdb_session(at, bmp_device(s.probe), bmp_scan(), firmware)};
}

} // namespace

const tool gdb_tool = {"gdb", flash, reset, log, debug};
const tool bmp_tool = {"bmp", bmp_flash, bmp_reset, bmp_log, bmp_debug};

} // namespace drone::probe

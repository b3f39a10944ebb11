// SPDX-License-Identifier: MIT
#include "probe/tools.hpp"

#include <fmt/format.h>

namespace drone::probe {

namespace {

command_line
with(command_line line, const std::vector<std::string>& commands, const std::string& firmware) {
    for (const std::string& command : commands) {
        line.emplace_back("-ex");
        line.push_back(command);
    }
    if (!firmware.empty()) line.push_back(firmware);
    return line;
}

} // namespace

const tool* find_tool(std::string_view kind) {
    for (const tool* const one :
         {&openocd_tool, &gdb_tool, &jlink_tool, &bmp_tool, &pyocd_tool, &probe_rs_tool})
        if (one->kind == kind) return one;
    return nullptr;
}

result<std::uint32_t> trace_clock(const setup& s) {
    if (const auto clock = s.log.divided_clock()) return *clock;
    return fail(
        "the trace clock is not known; say --swo BAUD@CLOCK, such as --swo 2000000@168MHz, or write "
        "core_clock = \"168 MHz\" under [log]"
    );
}

std::string gdb_source(const setup& s, const std::string& server) {
    return fmt::format("gdb:{},{:#x}+{:#x}", server, s.ram.origin, s.ram.size);
}

command_line gdb_batch(const std::vector<std::string>& commands, const std::string& firmware) {
    return with({"gdb-multiarch", "-nx", "-q", "-batch"}, commands, firmware);
}

std::string local(std::uint16_t port) { return fmt::format("127.0.0.1:{}", port); }

command_line gdb_session(
    const workplace& at,
    const std::string& server,
    const std::vector<std::string>& commands,
    const std::string& firmware
) {
    std::vector<std::string> all = {"target extended-remote " + server};
    // Ours ends gdb where nobody listens.
    if (!at.gdb_commands.empty()) all = {"source " + at.gdb_commands, "drone connect " + server};
    all.insert(all.end(), commands.begin(), commands.end());
    return with({"gdb-multiarch", "-q"}, all, firmware);
}

} // namespace drone::probe

// SPDX-License-Identifier: MIT

#include "board/stlink_command.hpp"

#include "base/say.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>

namespace drone::board {

namespace {

std::string part_names() {
    std::string names;
    for (const chip* const part : all_chips())
        names += (names.empty() ? "" : ", ") + std::string(part->name);
    return names;
}

} // namespace

void add_stlink_options(CLI::App& command, stlink_options& options) {
    debug_server_setup& setup = options.server;
    command.add_option("--flash-file", setup.flash_file, "The board's flash")->required();
    command.add_option("--port", setup.port, "TCP port on 127.0.0.1; 0 for a free one");
    command.add_option("--part", options.part, "The chip: " + part_names());
    command.add_option("--cpu-hz", setup.cpu_hz, "Cycles a second, from reset on")
        ->check(CLI::Range(1'000'000U, 1'000'000'000U));
    command.add_option("--probe", options.probe, "The ST-Link and its firmware, such as V2J40");
    command.add_option("--serial", setup.server.serial, "The ST-Link's serial number");
    command.add_flag("--overflow", setup.overflows, "Lose trace when the probe's buffer is full");
    command.add_option("--swo", setup.swo_file, "Where the SWO pin's bytes go besides");
    command.add_flag("!--unplugged", setup.server.plugged_in, "The server has no ST-Link");
    command.add_flag("--in-use", setup.server.in_use, "Another program has the ST-Link");
    command.add_option("--busy-every", setup.server.busy_every, "Each Nth command finds it busy");
    command.add_option("COMMAND", setup.command, "A program to run, after --; {port} is the port");
}

int serve_stlink(const stlink_options& options) {
    debug_server_setup setup = options.server;
    const auto complain = [](const error& problem) {
        base::say("drone-board: {}\n", problem.message);
        return 1;
    };
    const auto version = parse_stlink_version(options.probe);
    if (!version) return complain(version.error());
    setup.version = *version;
    setup.part = find_chip(options.part);
    if (setup.part == nullptr)
        return complain(error{
            .message = fmt::format("{}: not a chip; write one of {}", options.part, part_names())
        });
    const auto server = debug_server::open(setup);
    if (!server) return complain(server.error());
    if (setup.command.empty()) {
        fmt::print("{}\n", (*server)->port());
        std::fflush(stdout);
    }
    const auto status = (*server)->serve();
    return status ? *status : complain(status.error());
}

} // namespace drone::board

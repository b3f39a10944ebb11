// SPDX-License-Identifier: MIT

// drone print: what the tool and the project know, for people and for the build.

#include "cli/command.hpp"
#include "config/boards.hpp"
#include "config/config.hpp"
#include "config/generated.hpp"

#include <fmt/core.h>

namespace drone::cli {

namespace {

result<int> print_supported_boards() {
    for (const config::board& b : config::supported_boards())
        fmt::print("{:12} {}\n", b.name, b.description);
    return 0;
}

result<int> print_target() {
    const auto p = config::read_nearest();
    if (!p) return std::unexpected(p.error());
    const auto probe = config::require_probe(*p);
    if (!probe) return std::unexpected(probe.error());
    fmt::print("{}\n", config::find_board(probe->board)->core);
    return 0;
}

result<int> print_text(result<std::string> (*text)(const config::project&)) {
    const auto p = config::read_nearest();
    if (!p) return std::unexpected(p.error());
    const auto written = text(*p);
    if (!written) return std::unexpected(written.error());
    fmt::print("{}", *written);
    return 0;
}

} // namespace

void add_print(CLI::App& parent, session& s) {
    CLI::App& print = *parent.add_subcommand("print", "Print what the tool or the project knows");
    print.require_subcommand(1);
    const auto add = [&](const char* name, const char* help, action act) {
        s.on(*print.add_subcommand(name, help), std::move(act));
    };
    add("supported-boards", "The boards that `drone new` knows", print_supported_boards);
    add("target", "The core of this project's board", print_target);
    add("layout", "The heaps of Drone.toml as a C++ header", [] {
        return print_text(config::layout_header);
    });
    add("memory", "The memories of Drone.toml for the linker script", [] {
        return print_text(config::linker_memory);
    });
}

} // namespace drone::cli

// SPDX-License-Identifier: MIT

// drone flash, reset and gdb: what is done to the board.

#include "cli/command.hpp"
#include "cli/installation.hpp"
#include "cli/read_report.hpp"
#include "cli/say.hpp"
#include "config/config.hpp"
#include "probe/adapter.hpp"
#include "probe/firmware.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <memory>
#include <string>

namespace drone::cli {

namespace {

result<int> flash(const session& s, const std::filesystem::path& file) {
    const auto p = config::read_nearest();
    if (!p) return std::unexpected(p.error());
    const auto firmware = probe::check_firmware(file, p->memory);
    if (!firmware) return std::unexpected(firmware.error());
    const auto board = probe::open_adapter(*p, s.executable().parent_path());
    if (!board) return std::unexpected(board.error());
    if (const auto done = (*board)->flash(file); !done) return std::unexpected(done.error());
    say("{}: {} bytes written\n", file.string(), firmware->loaded_size);
    return 0;
}

result<int> reset(const session& s) {
    const auto p = config::read_nearest();
    if (!p) return std::unexpected(p.error());
    const auto board = probe::open_adapter(*p, s.executable().parent_path());
    if (!board) return std::unexpected(board.error());
    if (const auto done = (*board)->reset(); !done) return std::unexpected(done.error());
    return 0;
}

result<int> debug(const session& s, const std::filesystem::path& file) {
    const auto p = config::read_nearest();
    if (!p) return std::unexpected(p.error());
    const auto board = probe::open_adapter(*p, s.executable().parent_path());
    if (!board) return std::unexpected(board.error());
    return (*board)->debug(
        {.firmware = file.empty() ? built_firmware(p->file) : file.string(),
         .gdb_commands = find_installation(s.executable()).files / "gdb" / "drone.py"}
    );
}

} // namespace

void add_flash(command_syntax parent, session& s) {
    const auto file = std::make_shared<std::string>();
    command_syntax flash_command = parent.add_subcommand("flash", "Write a firmware to the board");
    flash_command.add_option("FIRMWARE", *file, "An ELF file").required();
    s.on(flash_command, [&s, file] { return flash(s, *file); });

    s.on(parent.add_subcommand("reset", "Reset the board"), [&s] { return reset(s); });

    command_syntax gdb = parent.add_subcommand("gdb", "Start a debugger on the board");
    gdb.add_option(
        "FIRMWARE", *file, "An ELF file with the symbols; without it, the only one in build/"
    );
    s.on(gdb, [&s, file] { return debug(s, *file); });
}

} // namespace drone::cli

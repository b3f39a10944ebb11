// SPDX-License-Identifier: MIT

// drone flash, reset and gdb: what is done to the board.

#include "base/errno.hpp"
#include "cli/command.hpp"
#include "cli/say.hpp"
#include "config/config.hpp"
#include "probe/adapter.hpp"
#include "probe/firmware.hpp"
#include "probe/tool_adapter.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <unistd.h>

namespace drone::cli {

namespace {

/// Whether the probe is one with a tool of its own, not our board.
bool has_tool(const config::project& p) { return p.probe && p.probe->kind != "virtual"; }

result<int> flash(const session& s, const std::filesystem::path& file) {
    const auto p = config::read_nearest();
    if (!p) return std::unexpected(p.error());
    const auto firmware = probe::check_firmware(file, p->memory);
    if (!firmware) return std::unexpected(firmware.error());
    if (has_tool(*p)) {
        const auto setup = probe::make_setup(*p);
        if (!setup) return std::unexpected(setup.error());
        if (const auto done = probe::flash(*setup, file); !done)
            return std::unexpected(done.error());
    } else {
        const auto board = probe::open_adapter(*p, s.executable().parent_path());
        if (!board) return std::unexpected(board.error());
        if (const auto done = (*board)->flash(file); !done) return std::unexpected(done.error());
    }
    say("{}: {} bytes written\n", file.string(), firmware->loaded_size);
    return 0;
}

result<int> reset(const session& s) {
    const auto p = config::read_nearest();
    if (!p) return std::unexpected(p.error());
    if (has_tool(*p)) {
        const auto setup = probe::make_setup(*p);
        if (!setup) return std::unexpected(setup.error());
        if (const auto done = probe::reset(*setup); !done) return std::unexpected(done.error());
        return 0;
    }
    const auto board = probe::open_adapter(*p, s.executable().parent_path());
    if (!board) return std::unexpected(board.error());
    if (const auto done = (*board)->reset(); !done) return std::unexpected(done.error());
    return 0;
}

result<int> debug(const session& s, const std::filesystem::path& file) {
    const auto p = config::read_nearest();
    if (!p) return std::unexpected(p.error());
    if (has_tool(*p)) {
        const auto setup = probe::make_setup(*p);
        if (!setup) return std::unexpected(setup.error());
        return probe::debug(*setup, file);
    }
    const auto board = probe::open_adapter(*p, s.executable().parent_path());
    if (!board) return std::unexpected(board.error());
    auto command = (*board)->debug_command(file);
    if (!command) return std::unexpected(command.error());
    std::vector<char*> words;
    words.reserve(command->size() + 1);
    for (std::string& word : *command)
        words.push_back(word.data());
    words.push_back(nullptr);
    ::execvp(words[0], words.data());
    return base::fail_with_errno(words[0], errno);
}

} // namespace

void add_flash(command_syntax parent, session& s) {
    const auto file = std::make_shared<std::string>();
    command_syntax flash_command = parent.add_subcommand("flash", "Write a firmware to the board");
    flash_command.add_option("FIRMWARE", *file, "An ELF file").required();
    s.on(flash_command, [&s, file] { return flash(s, *file); });

    s.on(parent.add_subcommand("reset", "Reset the board"), [&s] { return reset(s); });

    command_syntax gdb = parent.add_subcommand("gdb", "Start a debugger on the board");
    gdb.add_option("FIRMWARE", *file, "An ELF file with the symbols");
    s.on(gdb, [&s, file] { return debug(s, *file); });
}

} // namespace drone::cli

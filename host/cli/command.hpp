// SPDX-License-Identifier: MIT
#pragma once

// How a command joins the tool. A command is one file, <name>.cpp, with one function
//
//     void add_<name>(command_syntax parent, session& s) {
//         auto options = std::make_shared<...>();
//         command_syntax command = parent.add_subcommand("<name>", "What it does");
//         command.add_option("-f,--file", options->files, "...");
//         s.on(command, [options]() -> result<int> { ...; return 0; });
//     }
//
// and one call in commands.cpp. An action's value is the exit code; an error ends
// the tool with exit code 1 and the one line `drone: <message>`. What the syntax refuses (unknown
// options, failed checks) ends it with exit code 2 before any action runs.

#include "base/error.hpp"
#include "cli/syntax.hpp"

#include <filesystem>
#include <functional>
#include <map>

namespace drone::cli {

using action = std::function<result<int>()>;

/// One run of the tool.
class session {
public:
    /// `executable` is the path of the running tool.
    explicit session(std::filesystem::path executable) : executable_(std::move(executable)) {}

    /// What to do when `command` is the innermost one on the command line. A command without an
    /// action calls require_subcommand().
    void on(command_syntax command, action act) { actions_[&command.declared()] = std::move(act); }

    /// Runs the innermost parsed command under `root`.
    [[nodiscard]] result<int> run(const CLI::App& root) const;

    /// Absolute path of the running tool; drone-board is beside it.
    [[nodiscard]] const std::filesystem::path& executable() const noexcept { return executable_; }

private:
    std::filesystem::path executable_;
    std::map<const CLI::App*, action> actions_;
};

/// Makes what `parse` does not take a wrong usage.
[[nodiscard]] auto refused_by(auto parse) {
    return [parse](const std::string& text) {
        const auto parsed = parse(text);
        return parsed ? std::string() : parsed.error().message;
    };
}

/// Adds every command.
void add_commands(command_syntax root, session& s);

} // namespace drone::cli

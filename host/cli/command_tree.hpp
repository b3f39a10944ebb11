// SPDX-License-Identifier: MIT
#pragma once

// The commands as their own help knows them, for what is made from that: manual pages and completion.

#include "cli/syntax.hpp"

#include <string>
#include <vector>

namespace drone::cli {

/// An option or a positional argument of a command.
struct command_option {
    std::vector<std::string> names; ///< "-f", "--file"; of a positional argument, its one name
    std::string value;              ///< what it takes, "TEXT"; empty: nothing
    std::string description;
    std::vector<std::string> choices; ///< all values that it takes, where that is a list
    bool is_positional = false;
    bool is_required = false;
};

/// A command, with all that its help says.
struct command_entry {
    std::vector<std::string> path; ///< below `drone`: {"heap", "generate"}
    std::string description;
    std::vector<command_option> options;    ///< its own, and those of parents that it takes too
    std::vector<command_entry> subcommands; ///< in the order of the help
};

/// The tree under the tool itself.
[[nodiscard]] command_entry read_commands(command_syntax root);

/// "drone heap generate", with that separator.
[[nodiscard]] std::string full_name(const command_entry& command, char separator = ' ');

/// The command and all below it, parents first.
[[nodiscard]] std::vector<const command_entry*> flattened(const command_entry& root);

} // namespace drone::cli

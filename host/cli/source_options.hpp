// SPDX-License-Identifier: MIT
#pragma once

// The options that say where a log comes from. Every command that reads one takes the same.

#include "cli/syntax.hpp"
#include "cli/tool_source.hpp"

#include <string>
#include <vector>

namespace drone::cli {

/// Where a capture comes from.
struct source_options {
    std::string input;  ///< SOURCE; empty: a probe
    std::string format; ///< empty: as Drone.toml says
    tool_options tool;
    bool reset = false;
    bool wait = false;
};

/// Adds --via, --swo and --rtt. Returns --via.
option_syntax add_tool_options(command_syntax command, tool_options& options);

/// Adds --input, --format, --reset and --wait, and those of add_tool_options().
void add_source_options(command_syntax command, source_options& options);

/// The same options as words of a command line.
[[nodiscard]] std::vector<std::string> words_of(const source_options& options);

} // namespace drone::cli

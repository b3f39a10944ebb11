// SPDX-License-Identifier: MIT
#pragma once

#include "cli/command_tree.hpp"

#include <string>

namespace drone::cli {

/// Completion of commands, options and their values; of anything else, file names.
[[nodiscard]] std::string bash_completion(const command_entry& root);
[[nodiscard]] std::string zsh_completion(const command_entry& root);
[[nodiscard]] std::string fish_completion(const command_entry& root);

} // namespace drone::cli

// SPDX-License-Identifier: MIT
#pragma once

#include "cli/command_tree.hpp"

#include <string>

namespace drone::cli {

/// The manual page of a command, for man(1).
[[nodiscard]] std::string man_page(const command_entry& command);

} // namespace drone::cli

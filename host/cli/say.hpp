// SPDX-License-Identifier: MIT
#pragma once

// All that the tool says in words goes through here: to standard error with say() and say_text(), to
// standard output with show_text().

#include "base/say.hpp"

#include <string_view>

namespace drone::cli {

using base::say;
using base::say_text;

/// Writes a whole text to standard output; its line breaks stay. On a terminal that takes colours it has
/// those of painted(). Failures are those of `stdout`.
void show_text(std::string_view text);

} // namespace drone::cli

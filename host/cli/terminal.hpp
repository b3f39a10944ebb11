// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

namespace drone::cli {

/// Columns of the terminal that standard output is; no limit where it is none.
[[nodiscard]] std::size_t terminal_width();

/// Whether standard output is a terminal.
[[nodiscard]] bool is_on_terminal();

/// Whether colours may be shown: unless NO_COLOR is set to something, or the terminal has none.
[[nodiscard]] bool wants_colour();

/// Whether the locale's characters are UTF-8.
[[nodiscard]] bool is_utf8();

} // namespace drone::cli

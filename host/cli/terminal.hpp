// SPDX-License-Identifier: MIT
#pragma once

// The terminal that standard output is, if it is one.

#include <cstddef>

namespace drone::cli {

/// Its columns; as many as one likes where standard output is none.
[[nodiscard]] std::size_t terminal_width();

} // namespace drone::cli

// SPDX-License-Identifier: MIT
#pragma once

// Reads the allocation log, the text that any allocator's own logging can print (docs: cli.md).

#include "base/error.hpp"
#include "trace/findings.hpp"
#include "trace/sink.hpp"

#include <string_view>

namespace drone::trace {

/// Whether the first line that is neither blank nor a comment is an event.
[[nodiscard]] bool is_allocation_log(std::string_view text);

/// Reads the whole text. Lines that say nothing are counted as damaged, and the first is named.
[[nodiscard]] findings read_allocation_log(std::string_view text, sink& to);

} // namespace drone::trace

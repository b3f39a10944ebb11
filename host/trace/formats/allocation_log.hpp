// SPDX-License-Identifier: MIT
#pragma once

// Reads the allocation log, the text that any allocator's own logging can print (docs: cli.md).

#include "base/error.hpp"
#include "trace/findings.hpp"
#include "trace/sink.hpp"

#include <cstddef>
#include <string_view>

namespace drone::trace {

/// What the first lines are. A log may have a greeting before its first event, or a line of
/// something else in between.
struct allocation_log_look {
    std::size_t events = 0;
    std::size_t others = 0;      ///< lines that are neither events, nor comments, nor blank
    std::size_t first_other = 0; ///< its number, from 1
    std::string_view first_other_text;

    [[nodiscard]] bool is_log() const { return events != 0 && events >= others; }
};
[[nodiscard]] allocation_log_look look_at_allocation_log(std::string_view text);

/// Reads the whole text. Lines that say nothing are counted as damaged, and the first is named.
[[nodiscard]] findings read_allocation_log(std::string_view text, sink& to);

} // namespace drone::trace

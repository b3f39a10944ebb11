// SPDX-License-Identifier: MIT
#pragma once

// The picture of a heap that is looked on, as lines for a terminal. Plain ANSI: a dozen lines that
// are written from the top again and again need no library.

#include "trace/findings.hpp"
#include "usage/watch_model.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace drone::cli {

/// What a picture is made of.
struct watch_view {
    const usage::watch_model& heap;
    const trace::findings& found;
    const usage::last_minute& history;
    bool knows_heap = false;
    std::string_view state;            ///< "capturing", "paused", "ended"
    std::uint64_t seconds = 0;         ///< since the start
    std::uint64_t events_a_second = 0; ///< lately
    std::string message;               ///< what a key did, or the capture says; may have lines
    std::function<std::string(std::uint32_t)> caller; ///< in words
};

/// How the terminal is.
struct screen_style {
    std::size_t width = 80;
    std::size_t height = 24;
    bool colour = true;
    bool utf8 = true;
};

/// `count` characters of which the first are full, as `part` is of `whole`; at `mark`, if within, a
/// line.
[[nodiscard]] std::string
bar(std::uint64_t part, std::uint64_t mark, std::uint64_t whole, std::size_t count, bool utf8);

/// The lines of the picture, none wider than the terminal and no more than it has.
[[nodiscard]] std::vector<std::string> picture(const watch_view& view, const screen_style& style);

} // namespace drone::cli

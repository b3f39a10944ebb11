// SPDX-License-Identifier: MIT
#pragma once

#include "trace/sink.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drone::trace {

/// The format of a trace.
enum class format : std::uint8_t {
    native,
    drone_0_14,
    drone_2022,
    heaptrack,
    heaptrack_raw,
    allocation_log,
    demand_summary,
};

[[nodiscard]] std::string_view name(format f);

/// What a trace of that format leaves open of what its program did; empty: nothing. Where requests
/// fall over, the program may then do otherwise than a replay of the trace.
[[nodiscard]] std::string_view left_open(format f);

/// A block that was given back twice.
struct double_free {
    std::uint64_t event = 0; ///< that gives it back again, counted from 1 in the file
    std::string block;       ///< in words: its pool and place, or its ID

    friend bool operator==(const double_free&, const double_free&) = default;
};

};

/// A stack that asked for memory.
struct call_stack {
    /// Code addresses that its calls return to, innermost first, without a Thumb bit. Empty: the trace
    /// names the stack, and what it is was lost.
    std::vector<std::uint32_t> frames;
    bool is_whole = false; ///< the last frame is the program's first function, or an exception's

    friend bool operator==(const call_stack&, const call_stack&) = default;

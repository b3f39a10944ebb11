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
/// Whether that is which allocations are resizes that moved a block.
[[nodiscard]] inline bool leaves_moves_open(format f) { return f == format::native; }

/// A block that was given back twice.
struct double_free {
    std::uint64_t event = 0; ///< that gives it back again, counted from 1 in the file
    std::string block;       ///< in words: its pool and place, or its ID

    friend bool operator==(const double_free&, const double_free&) = default;
};

/// What a summary stands for.
struct summarised_runs {
    std::uint64_t runs = 0;
    std::uint64_t steps = 0; ///< blocks taken, and blocks given back

    friend bool operator==(const summarised_runs&, const summarised_runs&) = default;
};

/// A file that was loaded into a program of an operating system.
struct code_module {
    std::string path;
    std::string build; ///< its GNU build ID, in hexadecimal; empty: not told

    /// Of the file, without its folder.
    [[nodiscard]] std::string_view name() const {
        return std::string_view(path).substr(path.rfind('/') + 1);
    }
    friend bool operator==(const code_module&, const code_module&) = default;
};

/// A place in its code.
struct code_place {
    static constexpr std::uint32_t nowhere = UINT32_MAX;
    std::uint32_t module = nowhere; ///< in findings::modules
    std::uint64_t offset = 0;       ///< the address, as the file has it

    friend bool operator==(const code_place&, const code_place&) = default;
};

/// A stack that asked for memory.
struct call_stack {
    /// What its calls return to, innermost first. Native: code addresses without a Thumb bit; else
    /// numbers in findings::callers. Empty: the trace names the stack, and what it is was lost.
    std::vector<std::uint32_t> frames;
    bool is_whole = false; ///< the last frame is the program's first function, or an exception's

    friend bool operator==(const call_stack&, const call_stack&) = default;
};

/// What a reader has to say of a trace beside its changes: how much of it could be read, what was
/// lost, what the program did wrong.
struct findings {
    trace::format format = format::native;
    std::uint64_t events = 0;      ///< read
    std::uint64_t lost_events = 0; ///< known to be missing
    std::uint64_t gaps = 0;     ///< places where events are missing or may be, as damaged ones are
    std::uint64_t damaged = 0;  ///< words, records or lines that say nothing that can be true
    std::uint64_t repeated = 0; ///< words that are there twice; read once
    std::uint64_t failures = 0; ///< requests that the heap could not serve
    /// Native: those of them between checks that do not agree: a damaged word may look like one.
    std::uint64_t suspected_failures = 0;

    /// Native: the target's count of events, modulo 2^24, at the last check that agreed. What is
    /// certain was so then.
    std::uint64_t checked_until = 0;

    /// Native: events after that check, which nothing vouches for: of the end of a capture.
    std::uint64_t unchecked_events = 0;

    std::uint64_t freed_unknown = 0; ///< given back, taken before the capture began or in a gap
    std::uint64_t double_frees = 0;  ///< certain
    /// Native: blocks handed out that were in use, and resized that were not: a heap that was
    /// damaged, by a double free for instance. Certain.
    std::uint64_t contradictions = 0;
    std::uint64_t suspected_double_frees = 0;     ///< could be the work of a gap or a damaged word
    std::optional<double_free> first_double_free; ///< certain or suspected
    std::uint64_t restarts = 0;                   ///< of the target within the file
    std::uint64_t dropped_by_target = 0;          ///< part of lost_events

    /// Native: the builds that announced themselves (traced_heap::identity), each once, in order;
    /// empty: none did. More than one: the target was reflashed within the file.
    std::vector<std::uint32_t> identities;
    /// Native: names of contexts that checked words gave them.
    std::map<std::uint16_t, std::string> context_names;
    std::optional<summarised_runs> summarised; ///< of a summary only
    std::vector<std::string> notices;          ///< sentences for the user
    /// The functions by change::caller, innermost first, where the file has them, each as `name at
    /// file:line`, else where the code is; native callers are code addresses.
    std::vector<std::vector<std::string>> callers;
    std::vector<code_module> modules; ///< those that hold `places`
    /// Of the callers, where the file has no functions but places; it may end before they do.
    std::vector<code_place> places;
    /// The stacks by change::caller without its stack_bit, where the trace has stacks.
    std::vector<call_stack> stacks;

    /// The stack that a caller is; null: it is none, or not known.
    [[nodiscard]] const call_stack* stack_of(std::uint32_t caller) const {
        const std::size_t number = caller & ~stack_bit;
        return is_stack(caller) && number < stacks.size() ? &stacks[number] : nullptr;
    }
    /// The frames of a caller, innermost first; of one that is not a stack, itself.
    [[nodiscard]] std::vector<std::uint32_t> frames_of(std::uint32_t caller) const {
        if (caller == 0) return {};
        if (!is_stack(caller)) return {caller};
        const call_stack* const stack = stack_of(caller);
        return stack != nullptr ? stack->frames : std::vector<std::uint32_t>{};
    }
};

} // namespace drone::trace

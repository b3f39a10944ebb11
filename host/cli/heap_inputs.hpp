// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "config/config.hpp"
#include "layout/replay.hpp"
#include "trace/read.hpp"
#include "trace/sink.hpp"
#include "usage/demand.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drone::cli {

/// The options of `drone heap` that its subcommands share, as they were given.
struct heap_options {
    std::vector<std::string> files = {"heaptrace"}; ///< one a run
    std::string key{config::main_heap};             ///< of the heap in Drone.toml
    std::string size;                               ///< empty: Drone.toml's
    std::string alignment;      ///< where a trace does not say it; empty: the default one
    std::uint32_t overhead = 0; ///< bytes that sizes in the trace have too much
    bool json = false;
};

/// What `drone heap` and its subcommands work on: the traces, and the heap of Drone.toml where
/// there is one.
struct heap_inputs {
    std::vector<std::string> files;
    std::vector<usage::demand> runs;    ///< by file
    std::vector<trace::findings> found; ///< by file
    std::string_view left_open;         ///< by a run's format, see trace::left_open()
    std::string other_heap; ///< see other_heap(), of the first file of which it says something
    std::string key;
    std::optional<std::filesystem::path> project; ///< its Drone.toml
    std::vector<config::heap> heaps;              ///< all, as Drone.toml says today
    std::optional<config::heap> heap;             ///< of them, the one that is asked for
    std::optional<std::uint32_t> size;            ///< of the heap, bytes: -s, else Drone.toml's
    std::optional<std::uint32_t> core_clock;      ///< Hz, as Drone.toml says

    /// Whether a run is a summary: the order of its events is not known.
    [[nodiscard]] bool has_summaries() const {
        return std::ranges::any_of(found, [](const trace::findings& one) {
            return one.summarised.has_value();
        });
    }
};

/// Whether the options name one run; one that is named twice is one.
[[nodiscard]] bool is_one_run(const heap_options& options);

/// Fails where the file to write is one of those that are read.
[[nodiscard]] result<void>
keep_apart(const std::string& output, std::span<const std::string> inputs);

/// What -s says: 1 byte to 4 GiB - 1.
[[nodiscard]] result<std::uint32_t> parse_heap_size(std::string_view text);

/// What the options and Drone.toml say, without the traces.
[[nodiscard]] result<heap_inputs> find_heap(const heap_options& options);

/// What each file's trace is to be read into beside its demand, in the same reading.
using companion = std::function<trace::sink&()>;

/// find_heap(), and the traces. What the readers noticed goes to standard error.
[[nodiscard]] result<heap_inputs>
read_heap_inputs(const heap_options& options, const companion& beside = nullptr);

/// What --align says.
[[nodiscard]] std::optional<std::uint32_t> asked_alignment(const heap_options& options);

/// The file, its sizes as the options say.
[[nodiscard]] result<trace::source>
open_trace(const std::string& file, const heap_options& options);

/// A sentence's end for a layout in which requests fall over; empty where the traces are exact.
[[nodiscard]] std::string doubt_of_fall_over(const heap_inputs& inputs);
/// That the trace announces another heap of Drone.toml than the one asked for; else nothing. A layout
/// that Drone.toml does not have (any more) may be anyone's.
[[nodiscard]] std::string other_heap(const trace::source& trace, const heap_inputs& inputs);

/// Says on standard error when the runs were traced with more than one build. `identities` has those
/// of each file.
void warn_of_different_builds(
    std::span<const std::string> files, std::span<const std::vector<std::uint32_t>> identities
);

/// Requests that failed when the runs were traced.
struct traced_failures {
    /// A failed request, and where it is.
    struct place {
        std::size_t run = 0;
        std::uint64_t event = 0; ///< counted from 1 in its run
        usage::request_class request;
        bool at_least = false; ///< more may have been asked for
    };

    explicit traced_failures(std::span<const usage::demand> runs);

    std::uint64_t count = 0;
    place first;
    place largest;
};

/// How many, the first, the largest; without a full stop. Requires at least one.
[[nodiscard]] std::string describe(const traced_failures& failed, const heap_inputs& inputs);

/// The heap as Drone.toml has it, for layout::replay(). Refers to its pools.
[[nodiscard]] layout::tried_heap tried(const config::heap& heap);

} // namespace drone::cli

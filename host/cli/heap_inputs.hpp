// SPDX-License-Identifier: MIT
#pragma once

// What `drone heap generate` and `drone heap replay` work on: the traces, and the heap of
// Drone.toml where there is one. The options -f, -c and -s are those of `drone heap`.

#include "base/error.hpp"
#include "config/config.hpp"
#include "usage/demand.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace drone::cli {

struct heap_inputs {
    std::vector<std::string> files;  ///< one a run; none: no file was named, and none is there
    std::vector<usage::demand> runs; ///< by file
    std::string key;                 ///< of the heap in Drone.toml
    std::optional<std::filesystem::path> project; ///< its Drone.toml
    std::optional<config::heap> heap;             ///< as Drone.toml says today
    std::optional<std::uint32_t> size;            ///< of the heap, bytes: -s, else Drone.toml's
};

/// Whether the traces are inputs.
enum class traces : std::uint8_t { read, left_alone };

/// Reads them. `heap` is the `drone heap` command, parsed. What the readers noticed goes to
/// standard error.
[[nodiscard]] result<heap_inputs>
read_heap_inputs(const CLI::App& heap, traces wanted = traces::read);

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

/// A heap's size as the command line says it: 1 byte to 4 GiB.
[[nodiscard]] result<std::uint32_t> parse_heap_size(std::string_view text);

/// Whether `--json` was given to the command or to its parent.
[[nodiscard]] bool wants_json(const CLI::App& command);

} // namespace drone::cli

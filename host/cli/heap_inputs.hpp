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
#include <string>
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

/// Reads them. `heap` is the `drone heap` command, parsed. What the readers noticed goes to
/// standard error.
[[nodiscard]] result<heap_inputs> read_heap_inputs(const CLI::App& heap);

/// Whether `--json` was given to the command or to its parent.
[[nodiscard]] bool wants_json(const CLI::App& command);

} // namespace drone::cli

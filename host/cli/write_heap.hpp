// SPDX-License-Identifier: MIT
#pragma once

// Puts a heap into the project's Drone.toml, showing what changes.

#include "base/error.hpp"
#include "cli/heap_inputs.hpp"
#include "config/config.hpp"

namespace drone::cli {

/// Rewrites the heap's section and the remarks about its pools, and nothing else. The difference
/// goes to standard error. It asks before it writes, unless `yes`; if there is no terminal to ask
/// on, it writes nothing and fails. Returns exit code 0, or 1 when the user declined. Fails when
/// there is no Drone.toml, or it cannot be rewritten or written, or somebody else changed it
/// meanwhile. The file is replaced as base:: replace_file() does it.
[[nodiscard]] result<int> write_heap(
    const heap_inputs& inputs, const config::heap& written, const std::string& remarks, bool yes
);

} // namespace drone::cli

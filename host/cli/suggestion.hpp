// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "cli/heap_inputs.hpp"

#include <nlohmann/json_fwd.hpp>

namespace drone::cli {

/// The layout that `drone heap generate` prints for these runs if it is asked for nothing special, as
/// the page of `drone heap report` shows it (docs/report.md): as `--json` and to paste, the most
/// blocks of each pool in the replay, and pools against bytes. Fails where `generate` does.
[[nodiscard]] result<nlohmann::ordered_json> suggest_layout(const heap_inputs& inputs);

} // namespace drone::cli

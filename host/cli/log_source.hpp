// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "capture/capture.hpp"
#include "cli/command.hpp"
#include "config/config.hpp"
#include "probe/adapter.hpp"

#include <string>

namespace drone::cli {

/// The log of a project's virtual board as the source of a capture.
[[nodiscard]] result<capture::opener>
board_source(const config::project& project, const session& s, const probe::log_request& ask);

/// SOURCE as `drone log --input` spells it. With `reset`, the project's board is reset the first
/// time, once what it says is listened to.
[[nodiscard]] result<capture::opener>
input_source(const std::string& spelling, bool reset, const session& s);

} // namespace drone::cli

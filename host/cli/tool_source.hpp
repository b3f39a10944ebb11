// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "capture/capture.hpp"
#include "probe/plan.hpp"

namespace drone::cli {

/// The log of a board behind a probe, through the tool of that probe. The tool runs while the source is
/// open; the target begins its log when the bytes are listened to.
[[nodiscard]] capture::opener tool_source(const probe::setup& s, bool reset);

/// Sends lines to OpenOCD's Tcl port, one after the other's answer. Returns the last answer.
[[nodiscard]] result<std::string>
ask_openocd(const std::string& server, const std::vector<std::string>& lines);

} // namespace drone::cli

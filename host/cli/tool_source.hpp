// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "capture/capture.hpp"
#include "config/config.hpp"
#include "probe/plan.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace drone::cli {

/// What a command line says of the probe and its log.
struct tool_options {
    std::string via; ///< TOOL:CHIP; empty: the project's probe
    std::string swo; ///< BAUD@CLOCK
    bool rtt = false;
};

/// The project of this folder or above. Where there is none: nothing if the command line does without
/// it, else an error that says to name `instead`.
[[nodiscard]] result<std::optional<config::project>>
find_project(bool does_without, std::string_view instead);

/// The probe that --via names, else the project's, and the log that it carries.
[[nodiscard]] result<probe::setup>
find_setup(const tool_options& options, const config::project* project);

/// The log of a board behind a probe, through the tool of that probe. The tool runs while the source is
/// open; the target begins its log when the bytes are listened to.
[[nodiscard]] capture::opener tool_source(const probe::setup& s, bool reset);

/// Sends lines to OpenOCD's Tcl port, one after the other's answer. Returns the last answer.
[[nodiscard]] result<std::string>
ask_openocd(const std::string& server, const std::vector<std::string>& lines);

} // namespace drone::cli

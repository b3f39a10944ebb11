// SPDX-License-Identifier: MIT
#pragma once

// Traces read into what `drone heap` and the commands that compare or export have to say.

#include "base/error.hpp"
#include "cli/heap_inputs.hpp"
#include "report/heap_report.hpp"

#include <filesystem>
#include <string>

namespace drone::cli {

/// Reads an opened run into `into`. Details take a second reading, because the moment of the peak is known
/// after the first one. What the reader noticed goes to standard error.
[[nodiscard]] result<void> read_run(
    const trace::source& source,
    const heap_inputs& inputs,
    bool with_details,
    bool with_arena,
    report::heap_report& into
);

/// The firmware that --elf names, else the only one in the project's build folder; empty: none.
[[nodiscard]] std::string firmware(const heap_inputs& inputs, const std::string& named);

/// The only .elf in the build folder of the project with that Drone.toml; empty: none, or several.
[[nodiscard]] std::string built_firmware(const std::filesystem::path& project);

/// Lets native callers be named by the functions of the firmware: the file `named`, else the only
/// one in the project's build folder. `are_shown`: whether to say on standard error that there is
/// none. Fails when `named` is not the build that was traced.
[[nodiscard]] result<void> name_callers(
    const heap_inputs& inputs, const std::string& named, bool are_shown, report::heap_report& r
);

} // namespace drone::cli

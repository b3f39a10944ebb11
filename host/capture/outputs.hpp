// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "capture/fan_out.hpp"
#include "capture/output_spec.hpp"
#include "capture/stop_signal.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace drone::capture {

/// The regular files that a capture reads or writes. No two may be one: what one writes, the other
/// would lose.
class distinct_files {
public:
    /// Takes note of an open file. An error says which one has the same device and inode. Anything
    /// that is not a regular file is let pass.
    [[nodiscard]] result<void> add(int descriptor, const std::string& name);
    /// The same without taking note.
    [[nodiscard]] result<void> check(int descriptor, const std::string& name) const;

private:
    struct file {
        dev_t device;
        ino_t inode;
        std::string name;
    };
    std::vector<file> files_;
};

/// What the user wants to see of a capture.
struct wishes {
    std::vector<output_spec> outputs; ///< none: every port on standard output
    bool timed = false;               ///< text as lines with the target's time
    bool packets = false; ///< packets on standard output, of its ports where it has some
    bool json = false;    ///< packets as JSON
    std::optional<std::uint32_t> core_clock = {}; ///< Hz; lines have seconds for ticks
    bool for_a_terminal = false;                  ///< of standard output without ports: text alone
};

/// Opens the outputs and makes the sinks that fill them. A FIFO is waited for until somebody reads
/// it or the user asks to stop; `notice` gets a line that says so. No file is changed when two are
/// one, or one is in `files` already.
[[nodiscard]] result<std::unique_ptr<sink>> open_outputs(
    const wishes& what,
    distinct_files& files,
    const stop_signal& stop,
    const std::function<void(std::string_view)>& notice
);

} // namespace drone::capture

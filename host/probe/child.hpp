// SPDX-License-Identifier: MIT
#pragma once

#include "base/descriptor.hpp"
#include "base/error.hpp"

#include <atomic>
#include <string>
#include <sys/types.h>
#include <vector>

namespace drone::probe {

/// A program started by the tool: its standard output is a pipe, its standard error is kept, so that
/// its failure becomes one line of ours.
class child {
public:
    /// Starts `command`: the program's path, then its arguments. Standard input is empty.
    [[nodiscard]] static result<child> start(const std::vector<std::string>& command);

    child(child&& other) noexcept;
    child& operator=(child&&) = delete;
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    ~child(); ///< interrupts and waits when wait() was not called

    /// The reading end of its standard output.
    [[nodiscard]] int output() const noexcept { return output_.get(); }

    /// Asks it to end, as Ctrl-C does; safe in a signal handler. To end so is not a failure.
    void interrupt() noexcept;

    /// Waits for its end, once: what it wrote on standard error, or its failure, described by the last
    /// line of that. Closes output(); what was not read from there is lost.
    [[nodiscard]] result<std::string> wait();

private:
    child(
        std::string name, pid_t process, base::descriptor output, base::descriptor errors
    ) noexcept
        : name_(std::move(name)), process_(process), output_(std::move(output)),
          errors_(std::move(errors)) {}

    std::string name_;
    std::atomic<pid_t> process_; ///< 0 when it was waited for
    std::atomic<bool> interrupted_ = false;
    base::descriptor output_;
    base::descriptor errors_; ///< a file in memory: never full, so the program never waits for us
};

/// Runs `command` to its end; what it writes on standard output is thrown away.
[[nodiscard]] result<std::string> run_child(const std::vector<std::string>& command);

} // namespace drone::probe

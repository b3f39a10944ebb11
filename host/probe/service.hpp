// SPDX-License-Identifier: MIT
#pragma once

// Programs of others that the tool starts: OpenOCD, gdb, a vendor's server. What they print is kept, so
// that their failure becomes one line of ours. They end with the tool, however it ends.

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "probe/plan.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>

namespace drone::probe {

/// What a program has as its standard input.
enum class keyboard : std::uint8_t {
    none, ///< nothing to read: a program that asks something ends
    idle, ///< nobody types: a program that ends at any key goes on, and takes an end for none
};

/// A running program and what it starts, a process group. Its output and errors are one text. Ctrl-C on the terminal does not reach it.
class service {
public:
    [[nodiscard]] static result<std::unique_ptr<service>>
    start(const command_line& command, keyboard keys = keyboard::none);
    service(const service&) = delete;
    service& operator=(const service&) = delete;
    ~service(); ///< ends the program

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// Waits until it has printed `text`; an error when it ends before, or does not in time.
    [[nodiscard]] result<void> wait_for(const std::string& text, std::chrono::seconds patience);

    /// Waits for its end: what it printed, or an error that says what went wrong.
    [[nodiscard]] result<std::string> finish();

    /// `act` is called once, when the program has ended or is about to; at once where it has.
    void when_it_ends(std::function<void()> act);

    /// Whether it prints nothing any more.
    [[nodiscard]] bool has_ended() const;

    /// Whether it said that the probe went away. It was then asked to end.
    [[nodiscard]] bool lost_its_probe() const;

    /// Asks it to end, and does not wait. Safe at any time.
    void interrupt() const noexcept;

    /// Ends it: by a signal, and if it does not heed that, by force. Returns what it printed.
    std::string stop();

private:
    service(std::string name, pid_t process, base::descriptor output);
    void read_all();
    void wait_for_end();
    [[nodiscard]] error describe() const;

    std::string name_;
    pid_t process_;
    int status_ = 0;
    bool ended_ = false;     ///< waited for
    base::descriptor input_; ///< of an idle keyboard
    base::descriptor output_;
    mutable std::mutex lock_;
    std::condition_variable changed_;
    std::string printed_;
    bool closed_ = false; ///< it prints nothing any more
    bool lost_ = false;
    std::function<void()> at_end_;
    std::jthread thread_;
};

/// Runs a program that the user talks to, on the terminal of this one, to its end: its exit code.
/// Ctrl-C is that program's.
[[nodiscard]] result<int> run_for_user(const command_line& command);

/// Runs a task's programs. Returns what the last one printed.
[[nodiscard]] result<std::string> run(const task& what);

/// What went wrong, from what a tool printed: its own line, and what to do where that is known.
[[nodiscard]] std::string explain(const std::string& name, const std::string& printed);

} // namespace drone::probe

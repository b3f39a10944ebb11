// SPDX-License-Identifier: MIT
#pragma once

namespace drone::capture {

/// Ctrl-C and SIGTERM as a descriptor that becomes readable. The second signal ends the process as
/// if nobody had listened. The first never does, also not when it comes after the end of the
/// capture, while the process is on its way out. One at a time in a process.
class stop_signal {
public:
    stop_signal();
    ~stop_signal();
    stop_signal(const stop_signal&) = delete;
    stop_signal& operator=(const stop_signal&) = delete;

    /// Readable for poll() from the first signal on.
    [[nodiscard]] int descriptor() const;
    [[nodiscard]] bool requested() const;
    /// Asks as a signal would.
    void request();
};

} // namespace drone::capture

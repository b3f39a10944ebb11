// SPDX-License-Identifier: MIT
#pragma once

namespace drone::capture {

/// Ctrl-C, SIGTERM and a hang-up as a descriptor that becomes readable. The first never ends the
/// process, not even during shutdown. The second ends it as it would without this class. One at a
/// time in a process.
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

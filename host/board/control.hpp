// SPDX-License-Identifier: MIT
#pragma once

#include "base/descriptor.hpp"
#include "base/error.hpp"

#include <filesystem>

namespace drone::board {

/// The reset button of a running board: a Unix socket beside its flash file. Whoever connects and
/// sends a byte resets the board, and gets a byte back when it is done.
class control_socket {
public:
    /// Opens the socket of this flash file; an error when a board is already running on it.
    static result<control_socket> listen(const std::filesystem::path& flash_file);

    control_socket(control_socket&& other) noexcept = default;
    control_socket& operator=(control_socket&&) = delete;
    ~control_socket();

    /// Whether somebody has asked for a reset since the last call. Does not wait.
    [[nodiscard]] bool take_request();
    /// What becomes readable when take_request() may have something to do.
    [[nodiscard]] int waits_on() const { return client_ ? client_.get() : listener_.get(); }

private:
    control_socket(base::descriptor listener, std::filesystem::path path);

    base::descriptor listener_;
    base::descriptor client_;
    std::filesystem::path path_;
};

/// Resets the board that runs on this flash file. False when none does.
[[nodiscard]] result<bool> request_reset(const std::filesystem::path& flash_file);

} // namespace drone::board

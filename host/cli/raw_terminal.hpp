// SPDX-License-Identifier: MIT
#pragma once

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "cli/watch_screen.hpp"

#include <optional>
#include <span>
#include <string>
#include <termios.h>
#include <vector>

namespace drone::cli {

/// The terminal of the process while a picture has it: keys come at once and unseen, the cursor is
/// hidden, and what was on the screen comes back with restore(). Ctrl-C stays a signal; Ctrl-Z, which
/// would leave the picture behind, is none.
class raw_terminal {
public:
    /// Fails where the process has none.
    [[nodiscard]] static result<raw_terminal> open();
    ~raw_terminal() { restore(); }
    raw_terminal(raw_terminal&& other) noexcept;
    raw_terminal& operator=(raw_terminal&&) = delete;
    raw_terminal(const raw_terminal&) = delete;
    raw_terminal& operator=(const raw_terminal&) = delete;

    /// Leaves the terminal as it was found. Once.
    void restore() noexcept;

    /// Readable when a key was pressed.
    [[nodiscard]] int descriptor() const { return terminal_.get(); }
    /// A key that was pressed; nothing when none waits.
    [[nodiscard]] std::optional<char> key();
    /// Its size now, colours by NO_COLOR, characters by the locale.
    [[nodiscard]] screen_style style() const;
    void show(std::span<const std::string> lines);

private:
    raw_terminal(base::descriptor terminal, const termios& found)
        : terminal_(std::move(terminal)), found_(found) {}
    void write(const std::string& text) const noexcept;

    base::descriptor terminal_;
    termios found_;
    bool is_raw_ = true;
};

} // namespace drone::cli

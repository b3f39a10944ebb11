// SPDX-License-Identifier: MIT
#include "cli/raw_terminal.hpp"

#include "cli/terminal.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace drone::cli {

namespace {

constexpr const char* enter = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr const char* leave = "\x1b[?25h\x1b[?1049l";

} // namespace

result<raw_terminal> raw_terminal::open() {
    base::descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC));
    termios found{};
    if (terminal.get() < 0 || ::tcgetattr(terminal.get(), &found) != 0)
        return fail(
            "there is no terminal to draw on; `drone log :0 heaptrace:31` captures without one"
        );
    termios raw = found;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    raw.c_cc[VSUSP] = _POSIX_VDISABLE;
    ::tcsetattr(terminal.get(), TCSANOW, &raw);
    raw_terminal made(std::move(terminal), found);
    made.write(enter);
    return made;
}

raw_terminal::raw_terminal(raw_terminal&& other) noexcept
    : terminal_(std::move(other.terminal_)), found_(other.found_),
      is_raw_(std::exchange(other.is_raw_, false)) {}

void raw_terminal::restore() noexcept {
    if (!std::exchange(is_raw_, false)) return;
    write(leave);
    ::tcsetattr(terminal_.get(), TCSANOW, &found_);
}

std::optional<char> raw_terminal::key() {
    char pressed = 0;
    if (::read(terminal_.get(), &pressed, 1) != 1) return std::nullopt;
    return pressed;
}

screen_style raw_terminal::style() const {
    screen_style made;
    winsize size{};
    if (::ioctl(terminal_.get(), TIOCGWINSZ, &size) == 0 && size.ws_col != 0) {
        made.width = size.ws_col;
        made.height = size.ws_row;
    }
    made.colour = wants_colour();
    made.utf8 = is_utf8();
    return made;
}

void raw_terminal::show(std::span<const std::string> lines) {
    std::string text = "\x1b[H";
    for (std::size_t i = 0; i < lines.size(); ++i)
        text += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
    write(text + "\x1b[J");
}

void raw_terminal::write(const std::string& text) const noexcept {
    std::string_view rest = text;
    while (!rest.empty()) {
        const ssize_t written = ::write(terminal_.get(), rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return; // the terminal went away
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
}

} // namespace drone::cli

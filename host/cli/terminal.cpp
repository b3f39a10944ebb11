// SPDX-License-Identifier: MIT
#include "cli/terminal.hpp"

#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace drone::cli {

namespace {

std::string_view variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string_view() : value;
}

} // namespace

std::size_t terminal_width() {
    winsize size{};
    const bool is_terminal = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0;
    return is_terminal ? size.ws_col : SIZE_MAX;
}

bool is_on_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

bool wants_colour() { return variable("NO_COLOR").empty() && variable("TERM") != "dumb"; }

bool is_utf8() {
    for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const std::string_view locale = variable(name);
        if (locale.empty()) continue;
        return locale.find("UTF-8") != std::string_view::npos ||
               locale.find("utf8") != std::string_view::npos;
    }
    return false;
}

} // namespace drone::cli

// SPDX-License-Identifier: MIT
#include "cli/terminal.hpp"

#include <cstdint>
#include <sys/ioctl.h>
#include <unistd.h>

namespace drone::cli {

std::size_t terminal_width() {
    winsize size{};
    const bool is_terminal = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0;
    return is_terminal ? size.ws_col : SIZE_MAX;
}

} // namespace drone::cli

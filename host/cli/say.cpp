// SPDX-License-Identifier: MIT
#include "cli/say.hpp"

#include "cli/paint.hpp"
#include "cli/terminal.hpp"

namespace drone::cli {

void show_text(std::string_view text) {
    const std::string shown = base::printable(text, base::line_breaks::kept);
    fmt::print("{}", is_on_terminal() && wants_colour() ? painted(shown) : shown);
}

} // namespace drone::cli

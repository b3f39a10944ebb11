// SPDX-License-Identifier: MIT
#include "cli/say.hpp"

namespace drone::cli {

void show_text(std::string_view text) {
    fmt::print("{}", base::printable(text, base::line_breaks::kept));
}

} // namespace drone::cli

// SPDX-License-Identifier: MIT
#include "cli/say.hpp"

#include <cstdio>

namespace drone::cli {

void say_raw(std::string_view text) noexcept {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

void say_text(std::string_view text) { say_raw(base::printable(text, base::line_breaks::kept)); }

void show_text(std::string_view text) {
    fmt::print("{}", base::printable(text, base::line_breaks::kept));
}

} // namespace drone::cli

// SPDX-License-Identifier: MIT
#include "base/say.hpp"

#include <cstdio>

namespace drone::base {

void say_raw(std::string_view text) noexcept {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

void say_text(std::string_view text) { say_raw(printable(text, line_breaks::kept)); }

} // namespace drone::base

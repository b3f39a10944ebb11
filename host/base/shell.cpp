// SPDX-License-Identifier: MIT
#include "base/shell.hpp"

#include <algorithm>

namespace drone::base {

std::string shell_word(std::string_view word) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_-./,:@%+=").contains(c);
    };
    if (!word.empty() && std::ranges::all_of(word, plain)) return std::string(word);
    std::string quoted = "'";
    for (const char c : word)
        c == '\'' ? quoted.append("'\\''") : quoted.append(1, c);
    return quoted + "'";
}

} // namespace drone::base

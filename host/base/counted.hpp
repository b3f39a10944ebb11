// SPDX-License-Identifier: MIT
#pragma once

// Counts in messages.

#include <fmt/format.h>

#include <concepts>
#include <string>
#include <string_view>

namespace drone::base {

/// `1 block`, `2 blocks`. `noun` is a word whose plural ends in "s".
[[nodiscard]] std::string counted(std::integral auto count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

} // namespace drone::base

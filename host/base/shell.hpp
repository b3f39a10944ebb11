// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace drone::base {

/// The word as a shell takes it, in quotes where it needs them.
[[nodiscard]] std::string shell_word(std::string_view word);

} // namespace drone::base

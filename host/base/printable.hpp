// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace drone::base {

/// What printable() leaves as it is besides visible text.
enum class line_breaks { escaped, kept };

/// The text as a terminal may see it. Control characters, bytes that are not UTF-8, and the
/// invisible characters that turn the direction of text become `\n`, `\t` or `\x1b`. With `kept`,
/// line feeds and tabs stay.
[[nodiscard]] std::string
printable(std::string_view text, line_breaks breaks = line_breaks::escaped);

/// Characters of UTF-8 text: bytes that begin one.
[[nodiscard]] std::size_t count_characters(std::string_view text);

/// The beginning of UTF-8 text: `count` characters at most, each whole.
[[nodiscard]] std::string_view first_characters(std::string_view text, std::size_t count);

} // namespace drone::base

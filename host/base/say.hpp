// SPDX-License-Identifier: MIT
#pragma once

// What a program says in words, to standard error. Names and texts that come from files, symbols or the
// command line reach the terminal as printable() shows them. Talk that cannot be written is dropped:
// nobody listens, and the work goes on.

#include "base/printable.hpp"

#include <fmt/core.h>

#include <concepts>
#include <string_view>

namespace drone::base {

/// Writes as it is.
void say_raw(std::string_view text) noexcept;

/// Writes a whole text; its line breaks stay.
void say_text(std::string_view text);

/// A value for say(): texts as a terminal may see them, on one line.
template <class T>
[[nodiscard]] auto shown(const T& value) {
    if constexpr (std::convertible_to<const T&, std::string_view>)
        return printable(value);
    else
        return value;
}

/// Formats. The format is ours and stays as it is; texts among the values are escaped, line breaks
/// too.
template <class... T>
void say(fmt::format_string<T...> format, const T&... values) {
    say_raw(fmt::vformat(fmt::string_view(format), fmt::make_format_args(shown(values)...)));
}

} // namespace drone::base

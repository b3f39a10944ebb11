// SPDX-License-Identifier: MIT
#pragma once

// Numbers as pictures of one line, for a terminal.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace drone::report {

/// A bar of at most `length` characters, as long as `part` is of `whole`, to an eighth of a character
/// with UTF-8. Empty for nothing; what is more than nothing is seen.
[[nodiscard]] std::string
bar(std::uint64_t part, std::uint64_t whole, std::size_t length, bool utf8);

/// Values as heights, each a character; the largest is the highest.
[[nodiscard]] std::string sparkline(std::span<const std::uint64_t> values, bool utf8);

/// The most of each of `count` parts of the values; the values themselves where they are no more.
[[nodiscard]] std::vector<std::uint64_t>
most_of_parts(std::span<const std::uint64_t> values, std::size_t count);

} // namespace drone::report

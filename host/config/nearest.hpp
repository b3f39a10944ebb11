// SPDX-License-Identifier: MIT
#pragma once

// The known word that a mistyped one probably meant.

#include <span>
#include <string_view>

namespace drone::config {

/// The word of `known` with the fewest insertions, deletions and replacements from `word`; empty
/// when all of them differ in more than half of their letters. O(sum of length products).
[[nodiscard]] std::string_view
nearest(std::string_view word, std::span<const std::string_view> known);

} // namespace drone::config

// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace drone::cli {

/// The text of tables and remarks with the colours of a terminal: headings stand out, bars are of one
/// colour, and what went wrong is red or, where it is a doubt, yellow. Taking the colours out again
/// gives the text back. Requires text that a terminal may see, as base::printable() makes it.
[[nodiscard]] std::string painted(std::string_view text);

} // namespace drone::cli

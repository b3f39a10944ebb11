// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace drone::capture {

/// OUTPUT of the command line, `[PATH][:PORT]...`: where the payload of which ports goes. Pure.
struct output_spec {
    std::string path;                ///< empty or "-": standard output
    std::vector<std::uint8_t> ports; ///< ascending, each once; empty: every port

    friend bool operator==(const output_spec&, const output_spec&) = default;
};

/// Numbers after colons at the end are ports, what is before them is the path: `a:b:3` is
/// port 3 into the file `a:b`.
[[nodiscard]] result<output_spec> parse_output(const std::string& text);

/// All of them; outputs of one path become one, with the ports of both.
[[nodiscard]] result<std::vector<output_spec>> parse_outputs(const std::vector<std::string>& texts);

} // namespace drone::capture

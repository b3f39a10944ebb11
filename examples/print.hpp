// SPDX-License-Identifier: MIT
#pragma once

// Text to log port 0.

#include <drone/log.hpp>

#include <charconv>
#include <cortex_m/itm.hpp>
#include <cstdint>
#include <string_view>

using standard_output = drone::log_port<drone::cortex_m::itm, drone::standard_output_port>;

inline void print(std::string_view text) { standard_output::write(text.data(), text.size()); }

inline void print(std::uint32_t value) {
    char digits[10];
    const char* const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    print(std::string_view(digits, end));
}

template <class... Parts>
void print_line(const Parts&... parts) {
    (print(parts), ...);
    print(std::string_view("\n"));
}

// SPDX-License-Identifier: MIT
#include "config/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>

namespace drone::config {

namespace {

/// The power of two that a suffix means; 0 for any other letter.
unsigned suffix_shift(char letter) noexcept {
    switch (letter) {
    case 'K':
    case 'k':
        return 10;
    case 'M':
    case 'm':
        return 20;
    case 'G':
    case 'g':
        return 30;
    default:
        return 0;
    }
}

} // namespace

result<std::uint64_t> parse_size(std::string_view text) {
    const auto refused = [text] {
        return fail(fmt::format(
            "\"{}\" is not a size; write bytes (512, 0x800) or a number with K, M or G (10K)", text
        ));
    };
    std::string_view digits = text;
    const unsigned shift = digits.empty() ? 0 : suffix_shift(digits.back());
    if (shift != 0) digits.remove_suffix(1);
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0X")) {
        digits.remove_prefix(2);
        base = 16;
    }
    std::uint64_t value = 0;
    const char* const end = std::to_address(digits.end());
    const auto [stopped, problem] =
        std::from_chars(std::to_address(digits.begin()), end, value, base);
    if (problem == std::errc::result_out_of_range ||
        (problem == std::errc{} && value > (std::numeric_limits<std::uint64_t>::max() >> shift)))
        return fail(fmt::format("\"{}\" is a size beyond 64 bits; write a smaller one", text));
    if (problem != std::errc{} || stopped != end) return refused();
    return value << shift;
}

result<std::uint32_t> parse_frequency(std::string_view text) {
    double value = 0;
    const char* const end = std::to_address(text.end());
    const auto [stopped, problem] = std::from_chars(std::to_address(text.begin()), end, value);
    std::string_view unit(stopped, static_cast<std::size_t>(end - stopped));
    unit.remove_prefix(std::min(unit.find_first_not_of(' '), unit.size()));
    double factor = 0;
    for (const auto& [name, times] :
         {std::pair{"", 1.0}, {"Hz", 1.0}, {"kHz", 1e3}, {"MHz", 1e6}, {"GHz", 1e9}})
        if (unit == name) factor = times;
    const double hertz = value * factor;
    const bool is_in_range = hertz >= 1 && hertz <= std::numeric_limits<std::uint32_t>::max();
    if (problem != std::errc{} || !is_in_range)
        return fail(fmt::format(
            "\"{}\" is not a frequency; write hertz (168000000) or a number with a unit (\"168 MHz\")",
            text
        ));
    return static_cast<std::uint32_t>(std::llround(hertz));
}

std::string format_size(std::uint64_t bytes) {
    for (const auto& [letter, shift] : {std::pair{'G', 30U}, {'M', 20U}, {'K', 10U}}) {
        if (bytes != 0 && bytes % (std::uint64_t{1} << shift) == 0)
            return fmt::format("{}{}", bytes >> shift, letter);
    }
    return fmt::format("{}", bytes);
}

} // namespace drone::config

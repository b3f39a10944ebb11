// SPDX-License-Identifier: MIT
#include "report/bars.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace drone::report {

std::string bar(std::uint64_t part, std::uint64_t whole, std::size_t length, bool utf8) {
    constexpr std::array<std::string_view, 8> parts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (part == 0 || whole == 0) return {};
    const std::uint64_t steps = utf8 ? 8 : 1; // of a character
    const double exact = static_cast<double>(part) / static_cast<double>(whole) *
                         static_cast<double>(length * steps);
    const auto all = std::clamp<std::uint64_t>(
        static_cast<std::uint64_t>(std::min(exact, 1e9)), 1, length * steps
    );
    std::string text;
    for (std::uint64_t i = 0; i < all / steps; ++i)
        text += utf8 ? "█" : "#";
    if (utf8) text += parts[all % steps];
    return text;
}

std::string sparkline(std::span<const std::uint64_t> values, bool utf8) {
    constexpr std::array<std::string_view, 8> heights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    constexpr std::string_view ascii = "_.-:=+*#";
    if (values.empty()) return {};
    const std::uint64_t most = std::max<std::uint64_t>(1, std::ranges::max(values));
    std::string text;
    for (const std::uint64_t value : values) {
        const auto height = static_cast<std::size_t>(
            std::lround(static_cast<double>(value) / static_cast<double>(most) * 7)
        );
        if (utf8)
            text += heights[height];
        else
            text += ascii[height];
    }
    return text;
}

std::vector<std::uint64_t> most_of_parts(std::span<const std::uint64_t> values, std::size_t count) {
    if (values.size() <= count) return {values.begin(), values.end()};
    std::vector<std::uint64_t> most(count);
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::uint64_t& part = most[i * count / values.size()];
        part = std::max(part, values[i]);
    }
    return most;
}

} // namespace drone::report

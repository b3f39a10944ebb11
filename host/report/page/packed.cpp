// SPDX-License-Identifier: MIT
#include "report/page/packed.hpp"

#include <string_view>
#include <vector>

namespace drone::report {

std::string base64(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::span<const std::uint8_t> three =
            bytes.subspan(i, std::min<std::size_t>(3, bytes.size() - i));
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k)
            bits = bits << 8U | (k < three.size() ? three[k] : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            text += k <= three.size() ? digits[bits >> (18 - 6 * k) & 63U] : '=';
    }
    return text;
}

std::string packed(std::span<const std::uint64_t> values) {
    std::vector<std::uint8_t> bytes;
    std::uint64_t last = 0;
    for (const std::uint64_t value : values) {
        const bool falls = value < last;
        const std::uint64_t distance = falls ? last - value : value - last;
        std::uint64_t zigzag = falls ? 2 * distance - 1 : 2 * distance;
        for (; zigzag > 127; zigzag >>= 7U)
            bytes.push_back(static_cast<std::uint8_t>((zigzag & 127U) | 128U));
        bytes.push_back(static_cast<std::uint8_t>(zigzag));
        last = value;
    }
    return base64(bytes);
}

} // namespace drone::report

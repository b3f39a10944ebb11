// SPDX-License-Identifier: MIT
#include "base/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace drone::base {

namespace {

/// A character at the beginning of a text.
struct character {
    std::size_t size = 1; ///< bytes
    char32_t code = 0;
    bool valid = false; ///< it is UTF-8
};

bool follows(char byte) { return (static_cast<std::uint8_t>(byte) & 0xC0U) == 0x80; }

character first_of(std::string_view text) {
    const auto lead = static_cast<std::uint8_t>(text.front());
    if (lead < 0x80) return {.size = 1, .code = lead, .valid = true};
    const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
    char32_t code = lead & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if (!follows(text[i])) return {};
        code = code << 6U | (static_cast<std::uint8_t>(text[i]) & 0x3FU);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (code < least[size] || code > 0x10FFFF || surrogate) return {};
    return {.size = size, .code = code, .valid = true};
}

bool is_visible(char32_t code) {
    if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return false;
    const bool turns_text = code == 0x200E || code == 0x200F ||
                            (code >= 0x202A && code <= 0x202E) ||
                            (code >= 0x2066 && code <= 0x2069);
    const bool breaks_line = code == 0x2028 || code == 0x2029;
    return !turns_text && !breaks_line;
}

} // namespace

std::string printable(std::string_view text, line_breaks breaks) {
    std::string shown;
    shown.reserve(text.size());
    while (!text.empty()) {
        const character next = first_of(text);
        const std::string_view bytes = text.substr(0, next.size);
        text.remove_prefix(next.size);
        const bool is_break = bytes == "\n" || bytes == "\t";
        if (next.valid && (is_visible(next.code) || (is_break && breaks == line_breaks::kept)))
            shown += bytes;
        else if (is_break)
            shown += bytes == "\n" ? "\\n" : "\\t";
        else
            for (const char byte : bytes)
                shown += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(byte));
    }
    return shown;
}

namespace {
bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }
} // namespace

std::size_t count_characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string_view first_characters(std::string_view text, std::size_t count) {
    for (std::size_t at = 0; at < text.size(); ++at)
        if (begins_character(text[at]) && count-- == 0) return text.substr(0, at);
    return text;
}

} // namespace drone::base

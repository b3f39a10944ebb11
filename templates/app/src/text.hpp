#pragma once

// Text without printf: words out of a line, numbers in and out.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// The words of a line that ends at its first zero byte.
inline std::vector<std::string> words_of(std::string_view line) {
    line = line.substr(0, line.find('\0'));
    std::vector<std::string> words;
    while (!line.empty()) {
        const std::size_t end = line.find(' ');
        if (end != 0) words.emplace_back(line.substr(0, end));
        line.remove_prefix(end == line.npos ? line.size() : end + 1);
    }
    return words;
}

/// The words from `first` on, with a blank between.
inline std::string joined(const std::vector<std::string>& words, std::size_t first) {
    std::string text;
    for (std::size_t i = first; i < words.size(); ++i) {
        if (!text.empty()) text += ' ';
        text += words[i];
    }
    return text;
}

/// The number that a word is, if it is one.
inline std::optional<std::int32_t> number_of(std::string_view word) {
    std::int32_t value = 0;
    const char* const end = word.data() + word.size();
    const auto [last, error] = std::from_chars(word.data(), end, value);
    if (error != std::errc{} || last != end) return std::nullopt;
    return value;
}

inline std::string& operator<<(std::string& text, std::string_view more) { return text += more; }

inline std::string& operator<<(std::string& text, std::int32_t value) {
    char digits[12];
    return text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

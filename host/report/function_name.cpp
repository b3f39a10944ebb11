// SPDX-License-Identifier: MIT

#include "report/function_name.hpp"

#include "trace/library_function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fnmatch.h>

namespace drone::report {

namespace {

constexpr std::string_view keyword = "operator";
constexpr std::string_view unnamed = "(anonymous namespace)";

/// How many characters an operator's name has that starts at `at`: the keyword and its symbols;
/// 0 where none does.
std::size_t operator_length(std::string_view text, std::size_t at) {
    if (!text.substr(at).starts_with(keyword)) return 0;
    std::size_t end = at + keyword.size();
    if (text.substr(end).starts_with("()") || text.substr(end).starts_with("[]"))
        return keyword.size() + 2;
    while (end < text.size() && std::string_view("<>=!+-*/%^&|~,").contains(text[end]))
        ++end;
    return end - at;
}

/// Calls `plain(at)` for every character that is in no brackets, until it returns false; a
/// parenthesis itself counts as plain.
template <class Plain>
void each_plain(std::string_view text, Plain plain) {
    int depth = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text.substr(at).starts_with(unnamed)) {
            at += unnamed.size() - 1;
            continue;
        }
        if (const std::size_t length = operator_length(text, at); length > 0) {
            for (std::size_t i = 0; i < length; ++i)
                if (depth == 0 && !plain(at + i, true)) return;
            at += length - 1;
            continue;
        }
        const char c = text[at];
        const bool closes = c == '>' || c == '}';
        const bool opens = c == '<' || c == '{';
        if (closes) --depth;
        if (depth == 0 && !closes && !opens && !plain(at, false)) return;
        if (opens) ++depth;
    }
}

} // namespace

std::string bare_function_name(std::string_view written) {
    std::size_t begin = 0;
    std::size_t end = written.size();
    bool is_operator = false;
    each_plain(written, [&](std::size_t at, bool of_operator) {
        is_operator = is_operator || of_operator;
        if (of_operator) return true;
        if (written[at] == '(') {
            end = at;
            return false;
        }
        // After the keyword a blank is part of the name: `operator new`, `operator int`.
        if (written[at] == ' ' && !is_operator) begin = at + 1;
        return true;
    });
    std::string name(written.substr(begin, end - begin));
    const std::string prefix = std::string(unnamed) + "::";
    for (std::size_t at = name.find(prefix); at != std::string::npos; at = name.find(prefix))
        name.erase(at, prefix.size());
    return name;
}

std::string without_template_arguments(std::string_view name) {
    std::string plain;
    each_plain(name, [&](std::size_t at, bool) {
        plain += name[at];
        return true;
    });
    return plain;
}

bool is_named_like(const std::string& frame, const std::string& pattern) {
    const std::string name = without_template_arguments(frame.substr(0, frame.find(" at ")));
    return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0 ||
           ::fnmatch(("*::" + pattern).c_str(), name.c_str(), 0) == 0;
}

own_functions
own_functions_of(const std::vector<std::string>& frames, const std::vector<std::string>& skipped) {
    own_functions own;
    std::string last; // the function that is nearest to the program
    for (const std::string& frame : frames) {
        const std::size_t place = frame.find(" at ");
        const std::string name = without_template_arguments(frame.substr(0, place));
        last = name + (place == std::string::npos ? "" : frame.substr(place));
        const bool is_skipped = std::ranges::any_of(skipped, [&](const std::string& pattern) {
            return is_named_like(frame, pattern);
        });
        if (!is_skipped && !trace::is_library_function(name)) own.frames.push_back(last);
    }
    own.left_out = frames.size() - own.frames.size();
    if (own.frames.empty() && !frames.empty()) own = {{last}, 0};
    return own;
}

std::string folded(const std::vector<std::string>& frames) {
    const own_functions own = own_functions_of(frames);
    return fmt::format(
        "{}{}",
        fmt::join(own.frames, " < "),
        own.left_out == 0 ? "" : fmt::format(" (through {} of a library)", own.left_out)
    );
}

} // namespace drone::report

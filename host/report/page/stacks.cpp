// SPDX-License-Identifier: MIT
#include "report/page/stacks.hpp"

#include "report/function_name.hpp"
#include "trace/library_function.hpp"

#include <charconv>
#include <string_view>

namespace drone::report {

namespace {

using json = nlohmann::ordered_json;

/// `name at file:line` in parts. A file's name may have colons, a function's the word.
json frame_json(std::string_view frame) {
    const std::size_t at = frame.rfind(" at ");
    const std::string_view name = frame.substr(0, at);
    std::string_view file = at == std::string_view::npos ? "" : frame.substr(at + 4);
    unsigned line = 0;
    if (const std::size_t colon = file.rfind(':'); colon != std::string_view::npos) {
        const std::string_view digits = file.substr(colon + 1);
        std::from_chars(digits.begin(), digits.end(), line);
        file = file.substr(0, colon);
    }
    const std::string plain = without_template_arguments(name);
    json made{name, file, line, trace::is_library_function(plain) ? 1 : 0};
    if (plain != name) made.push_back(plain);
    return made;
}

} // namespace

std::size_t stack_tree::node(const std::vector<std::string>& frames) {
    std::int64_t at = none;
    for (const std::string& frame : frames) {
        const auto [known, is_new] = known_frames_.emplace(frame, frames_.size());
        if (is_new) frames_.push_back(frame);
        const std::pair key(at, known->second);
        const auto [node, is_new_node] = known_nodes_.emplace(key, nodes_.size());
        if (is_new_node) nodes_.push_back(key);
        at = static_cast<std::int64_t>(node->second);
    }
    return static_cast<std::size_t>(at);
}

json stack_tree::frames() const {
    json all = json::array();
    for (const std::string& frame : frames_)
        all.push_back(frame_json(frame));
    return all;
}

json stack_tree::nodes() const {
    json all = json::array();
    for (const auto& [parent, frame] : nodes_)
        all.push_back({parent, frame});
    return all;
}

} // namespace drone::report

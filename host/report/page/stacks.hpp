// SPDX-License-Identifier: MIT
#pragma once

#include "report/heap_report.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace drone::report {

/// The stacks of a page as a tree: a stack is its last node, a node is its parent and a frame, and
/// what is the same in several stacks is there once.
class stack_tree {
public:
    /// The node of a stack, its frames outermost first, each `name at file:line`.
    [[nodiscard]] std::size_t node(const std::vector<std::string>& frames);

    /// [[name, file, line, 1 where a library's, without template arguments if that differs], ...]
    [[nodiscard]] nlohmann::ordered_json frames() const;
    /// [[parent node or -1, frame], ...]
    [[nodiscard]] nlohmann::ordered_json nodes() const;

private:
    static constexpr std::int64_t none = -1;

    std::map<std::string, std::size_t> known_frames_;
    std::vector<std::string> frames_;
    std::map<std::pair<std::int64_t, std::size_t>, std::size_t> known_nodes_;
    std::vector<std::pair<std::int64_t, std::size_t>> nodes_;
};

} // namespace drone::report

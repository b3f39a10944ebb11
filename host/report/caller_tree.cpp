// SPDX-License-Identifier: MIT

#include "report/caller_tree.hpp"

#include "report/function_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace drone::report {

namespace {

/// The functions of a caller, innermost first, as the tree shows them.
std::vector<std::string> path_of(const heap_report& r, const run& one, std::uint32_t caller) {
    std::vector<std::string> names = r.names(one, caller);
    if (names.empty()) return {caller_text(r, one, caller)};
    if (r.full) return names;
    own_functions own = own_functions_of(names, r.skipped);
    // The stacks of one function would differ in how much was left out further out.
    if (own.left_out != 0 && own.frames.size() <= 1 && !trace::is_stack(caller))
        own.frames.back() += fmt::format(" (through {} of a library)", own.left_out);
    return std::move(own.frames);
}

void add(usage::share& to, const usage::share& more) {
    to.count += more.count;
    to.bytes += more.bytes;
    to.live_bytes += more.live_bytes;
    to.peak_bytes += more.peak_bytes;
    to.bytes_at_peak += more.bytes_at_peak;
    to.failures += more.failures;
}

/// One function a node.
void insert(
    std::vector<caller_node>& level, const std::vector<std::string>& path, const usage::share& of
) {
    std::vector<caller_node>* at = &level;
    for (const std::string& function : path) {
        auto node = std::ranges::find_if(*at, [&](const caller_node& n) {
            return n.functions.front() == function;
        });
        if (node == at->end()) node = at->insert(node, caller_node{{function}, {}, 0, {}});
        add(node->sum, of);
        ++node->callers;
        at = &node->called_by;
    }
}

/// Joins a node with the only one that calls it, where all of it comes that way.
void tidy(std::vector<caller_node>& level) {
    for (caller_node& node : level) {
        while (node.called_by.size() == 1 && node.called_by.front().callers == node.callers) {
            caller_node outer = std::move(node.called_by.front());
            std::ranges::move(outer.functions, std::back_inserter(node.functions));
            node.called_by = std::move(outer.called_by);
        }
        tidy(node.called_by);
    }
    std::ranges::stable_sort(level, std::ranges::greater{}, [](const caller_node& node) {
        return node.sum.bytes;
    });
}

} // namespace

std::vector<caller_node> caller_tree(const heap_report& r, const run& one) {
    std::vector<caller_node> tree;
    for (const auto& [caller, share] : usage::by_bytes(one.details.callers()))
        insert(tree, path_of(r, one, caller), share);
    tidy(tree);
    return tree;
}

} // namespace drone::report

// SPDX-License-Identifier: MIT
#include "layout/servable.hpp"

#include "layout/classes.hpp"

#include <algorithm>

namespace drone::layout {

namespace {

/// What is left of `from` without the two elements at each of these places.
template <class T>
std::vector<T> without(const std::vector<T>& from, const std::vector<std::uint64_t>& places) {
    std::vector<T> left;
    if (from.empty()) return left;
    left.reserve(from.size() - 2 * places.size());
    auto next = from.begin();
    for (const std::uint64_t place : places) {
        const auto end = from.begin() + static_cast<std::ptrdiff_t>(place);
        left.insert(left.end(), next, end);
        next = end + 2;
    }
    left.insert(left.end(), next, from.end());
    return left;
}

} // namespace

std::optional<usage::demand>
without_hopeless(const usage::demand& run, std::optional<std::uint64_t> heap_bytes) {
    std::vector<std::uint64_t> hopeless;
    usage::demand kept;
    for (const usage::unserved_request& failed : run.failures) {
        const auto block = block_of(run.classes[run.steps[failed.at].number()]);
        if (failed.at_least || !block || block->block > heap_bytes.value_or(UINT32_MAX))
            hopeless.push_back(failed.at);
        else
            kept.failures.push_back(failed);
    }
    if (hopeless.empty()) return std::nullopt;

    const auto moved = [&](std::uint64_t place) {
        const auto before = std::ranges::lower_bound(hopeless, place) - hopeless.begin();
        return place - 2 * static_cast<std::uint64_t>(before);
    };
    kept.classes = run.classes;
    kept.steps = without(run.steps, hopeless);
    kept.blocks = without(run.blocks, hopeless);
    kept.resizes = run.resizes;
    kept.missing = run.missing;
    kept.positions = run.positions;
    kept.contexts = run.contexts;
    kept.leaves_moves_open = run.leaves_moves_open;
    kept.assumed_alignment = run.assumed_alignment;
    for (std::uint64_t& resize : kept.resizes)
        resize = moved(resize);
    for (usage::demand_position& position : kept.positions)
        position.step = moved(position.step);
    for (usage::context_switch& change : kept.contexts)
        change.step = moved(change.step);
    for (usage::unserved_request& failed : kept.failures)
        failed.at = moved(failed.at);
    return kept;
}

} // namespace drone::layout

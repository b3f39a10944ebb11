// SPDX-License-Identifier: MIT
#include "layout/classes.hpp"

#include "base/sorted.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <tuple>

namespace drone::layout {

namespace {

/// Which classes of a run were ever taken.
usage::by_class<bool> classes_taken(const usage::demand& demand) {
    constexpr std::size_t stride = 1U << 16U; // steps between looks at whether all were seen
    std::vector<std::uint8_t> seen(2 * demand.classes.size(), 0);
    const auto all_seen = [&] {
        for (std::size_t row = 0; row < seen.size(); row += 2)
            if (seen[row] == 0) return false;
        return true;
    };
    for (std::size_t from = 0; from < demand.steps.size() && !all_seen(); from += stride) {
        const std::size_t to = std::min(from + stride, demand.steps.size());
        for (std::size_t at = from; at < to; ++at)
            seen[demand.steps[at].row()] = 1;
    }
    usage::by_class<bool> taken(demand.classes.size());
    for (const usage::class_number n : taken.numbers())
        taken[n] = seen[usage::step::take(n).row()] != 0;
    return taken;
}

bool before(const block_class& left, const block_class& right) {
    return std::tie(left.alignment, left.block) < std::tie(right.alignment, right.block);
}

} // namespace

result<block_class> block_of(const usage::request_class& request) {
    const std::uint32_t alignment = std::max(request.alignment, granule);
    if (!std::has_single_bit(alignment) || alignment > alignment_limit)
        return fail(fmt::format(
            "a request of {} bytes asks for alignment {}; a heap offers powers of two up to {}",
            request.size,
            request.alignment,
            alignment_limit
        ));
    const std::uint64_t size = std::max<std::uint64_t>(request.size, 1);
    const std::uint64_t block = (size + alignment - 1) / alignment * alignment;
    if (block > UINT32_MAX)
        return fail(fmt::format("a request of {} bytes is larger than any heap", request.size));
    return block_class{.block = static_cast<std::uint32_t>(block), .alignment = alignment};
}

result<workload> workload::of(std::span<const usage::demand* const> runs) {
    workload made;
    std::vector<usage::by_class<block_class>> blocks; // by run; block 0: never taken
    for (const usage::demand* const run : runs) {
        const usage::demand& demand = *run;
        const usage::by_class<bool> taken = classes_taken(demand);
        usage::by_class<block_class>& own = blocks.emplace_back(demand.classes.size());
        for (const usage::class_number n : own.numbers()) {
            if (!taken[n]) continue;
            const auto block = block_of(demand.classes[n]);
            if (!block) return std::unexpected(block.error());
            own[n] = *block;
            made.classes_.push_back(*block);
        }
    }
    base::sort_once(made.classes_, before);

    for (std::uint32_t index = 0; index < made.classes_.size(); ++index) {
        const std::uint32_t alignment = made.classes_[index].alignment;
        if (made.levels_.empty() || made.levels_.back().alignment != alignment)
            made.levels_.push_back({.alignment = alignment, .classes = {index, index}});
        ++made.levels_.back().classes.last;
    }
    for (std::size_t number = 0; number < runs.size(); ++number) {
        run& entry = made.runs_.emplace_back();
        entry.demand = runs[number];
        for (const block_class& block : blocks[number]) {
            const auto found = block.block == 0
                                   ? made.classes_.end()
                                   : std::ranges::lower_bound(made.classes_, block, before);
            entry.class_of.push_back(static_cast<std::uint32_t>(found - made.classes_.begin()));
        }
    }
    return made;
}

std::uint32_t workload::alignment() const {
    return levels_.empty() ? default_alignment
                           : std::max(default_alignment, levels_.back().alignment);
}

std::uint32_t workload::largest_block() const {
    std::uint32_t largest = 0;
    for (const block_class& entry : classes_)
        largest = std::max(largest, entry.block);
    return largest;
}

class_set workload::larger_than(std::uint32_t bytes) const {
    class_set larger;
    for (const level& entry : levels_) {
        const auto begin = classes_.begin() + entry.classes.first;
        const auto end = classes_.begin() + entry.classes.last;
        const auto first = std::partition_point(begin, end, [bytes](const block_class& c) {
            return c.block <= bytes;
        });
        if (first != end)
            larger.push_back(
                {static_cast<std::uint32_t>(first - classes_.begin()), entry.classes.last}
            );
    }
    return larger;
}

} // namespace drone::layout

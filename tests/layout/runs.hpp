// SPDX-License-Identifier: MIT
#pragma once

// Runs to test layouts with: written by hand, or made at random from a seed; and the slow, obvious
// model that everything clever is held against.

#include "usage/demand.hpp"

#include <drone/layout.hpp>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace drone::layout_test {

/// A run of takes (index + 1) and returns (-(index + 1)) of these classes.
inline usage::demand
run_of(usage::by_class<usage::request_class> classes, std::initializer_list<int> steps) {
    usage::demand made;
    made.classes = std::move(classes);
    for (const int step : steps) {
        made.steps.push_back(usage::step::of(usage::class_number(std::abs(step) - 1), step < 0));
    }
    return made;
}

/// The blocks of a run's steps.
inline std::vector<trace::block_number> numbers(std::initializer_list<std::uint32_t> of_steps) {
    std::vector<trace::block_number> made;
    for (const std::uint32_t number : of_steps)
        made.push_back(trace::block_number{number});
    return made;
}

/// A run that goes from each of these vectors of live counts to the next: returns first, then
/// takes.
inline usage::demand run_through(
    usage::by_class<usage::request_class> classes, const std::vector<std::vector<int>>& counts
) {
    usage::demand made;
    std::vector<int> live(classes.size());
    made.classes = std::move(classes);
    for (const std::vector<int>& next : counts) {
        for (std::size_t index = 0; index < live.size(); ++index)
            for (; live[index] > next[index]; --live[index])
                made.steps.push_back(usage::step::give_back(usage::class_number(index)));
        for (std::size_t index = 0; index < live.size(); ++index)
            for (; live[index] < next[index]; ++live[index])
                made.steps.push_back(usage::step::take(usage::class_number(index)));
    }
    return made;
}

inline std::vector<const usage::demand*> pointers(std::span<const usage::demand> runs) {
    std::vector<const usage::demand*> made;
    for (const usage::demand& run : runs)
        made.push_back(&run);
    return made;
}

struct random_shape {
    std::size_t classes = 5;
    std::uint32_t largest = 24;                  ///< bytes
    std::vector<std::uint32_t> alignments = {4}; ///< to pick from
    std::size_t steps = 40;
};

/// A run in which phases favour some classes, so that peaks do not coincide.
inline usage::demand random_run(std::mt19937& random, const random_shape& shape) {
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };
    usage::demand made;
    for (std::size_t number = 0; number < shape.classes; ++number)
        made.classes.push_back({
            .size = static_cast<std::uint32_t>(below(shape.largest + 1)),
            .alignment = shape.alignments[below(shape.alignments.size())],
        });
    std::ranges::sort(made.classes);
    const auto doubled = std::ranges::unique(made.classes);
    made.classes.erase(doubled.begin(), doubled.end());
    std::vector<int> live(made.classes.size());
    std::size_t favoured = 0;
    for (std::size_t number = 0; number < shape.steps; ++number) {
        if (below(8) == 0) favoured = below(live.size());
        const std::size_t index = below(3) == 0 ? below(live.size()) : favoured;
        if (live[index] > 0 && below(index == favoured ? 4 : 2) == 0) {
            --live[index];
            made.steps.push_back(usage::step::give_back(usage::class_number(index)));
        } else {
            ++live[index];
            made.steps.push_back(usage::step::take(usage::class_number(index)));
        }
    }
    return made;
}

/// What a class needs, straight from the words: whether a block of that many bytes serves it.
inline bool serves(std::uint32_t block, const usage::request_class& request) {
    const std::uint32_t alignment = std::max<std::uint32_t>(request.alignment, 4);
    return block >= std::max<std::uint32_t>(request.size, 1) && block % alignment == 0;
}

/// Bytes that pools of these blocks (ascending) need when every request goes to the first that
/// serves it and none may be refused, and a kept pool has a block at least; nothing when some
/// request cannot be served.
inline std::optional<std::int64_t> bytes_needed(
    std::span<const usage::demand> runs,
    std::span<const std::uint32_t> blocks,
    std::span<const std::uint32_t> keep = {}
) {
    std::vector<std::int64_t> most(blocks.size());
    for (std::size_t pool = 0; pool < blocks.size(); ++pool)
        most[pool] = std::ranges::find(keep, blocks[pool]) != keep.end() ? 1 : 0;
    for (const usage::demand& run : runs) {
        std::vector<std::int64_t> live(blocks.size());
        for (const usage::step step : run.steps) {
            std::size_t pool = 0;
            while (pool < blocks.size() && !serves(blocks[pool], run.classes[step.number()]))
                ++pool;
            if (pool == blocks.size()) return std::nullopt;
            live[pool] += step.gives_back() ? -1 : 1;
            most[pool] = std::max(most[pool], live[pool]);
        }
    }
    std::int64_t bytes = 0;
    for (std::size_t pool = 0; pool < blocks.size(); ++pool)
        bytes += most[pool] * blocks[pool];
    return bytes;
}

/// Calls `visit` with every ascending set of at most `pools` multiples of 4 up to `largest`.
template <class Visitor>
void for_each_block_set(std::size_t pools, std::uint32_t largest, Visitor visit) {
    std::vector<std::uint32_t> blocks;
    const auto extend = [&](const auto& self, std::uint32_t from) -> void {
        visit(std::span<const std::uint32_t>(blocks));
        if (blocks.size() == pools) return;
        for (std::uint32_t block = from; block <= largest; block += 4) {
            blocks.push_back(block);
            self(self, block + 4);
            blocks.pop_back();
        }
    };
    extend(extend, 4);
}

/// The fewest bytes over all sets of at most `pools` blocks that contain `keep`.
inline std::optional<std::int64_t> fewest_bytes(
    std::span<const usage::demand> runs,
    std::size_t pools,
    std::uint32_t largest,
    std::span<const std::uint32_t> keep = {}
) {
    std::optional<std::int64_t> best;
    for_each_block_set(pools, largest, [&](std::span<const std::uint32_t> blocks) {
        if (!std::ranges::includes(blocks, keep)) return;
        const auto bytes = bytes_needed(runs, blocks, keep);
        if (bytes && (!best || *bytes < *best)) best = bytes;
    });
    return best;
}

} // namespace drone::layout_test

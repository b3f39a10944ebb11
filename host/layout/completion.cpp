// SPDX-License-Identifier: MIT
#include "layout/completion.hpp"

#include "base/sorted.hpp"
#include "base/vector_clones.hpp"

#include <algorithm>
#include <array>

namespace drone::layout {

namespace {

constexpr std::int64_t never = too_many_bytes / 2; // with what is added it still fits

/// Of d blocks more than G, as many as this count in the bound in full: G times so many eighths.
constexpr std::array<std::int64_t, 6> eighths = {0, 1, 2, 4, 8, 16};

std::int64_t more_blocks(std::int32_t larger, std::size_t step) {
    return larger * eighths[step] / 8;
}

/// The least of cost and rest together.
[[gnu::always_inline]] inline std::int64_t
cheapest_sum(const std::int64_t* cost, const std::int64_t* rest, std::size_t count) {
    std::int64_t least = cost[0] + rest[0];
    for (std::size_t at = 1; at < count; ++at)
        least = std::min(least, cost[at] + rest[at]);
    return least;
}

/// Lowers each to `bytes` and what stands for one pool less.
DRONE_VECTOR_CLONES void
lower(std::int64_t* to, const std::int64_t* from, std::int64_t bytes, std::size_t most_pools) {
    for (std::size_t pools = 1; pools <= most_pools; ++pools)
        to[pools] = std::min(to[pools], bytes + from[pools - 1]);
}

} // namespace

completion::completion(
    const workload& work, const candidates& all, std::size_t most_pools, const ceiling& limit
)
    : most_pools_(most_pools), limit_(limit.bytes), moments_(limit.known.size()),
      levels_(work.levels().size()), all_(all), counts_((work.classes().size() + 1) * moments_),
      reached_(all.blocks.size() * moments_), covered_((levels_ + 1) * moments_),
      left_((levels_ + 1) * moments_) {
    for (std::size_t at = 0; at < moments_; ++at)
        for (std::size_t c = 0; c <= work.classes().size(); ++c)
            counts_[c * moments_ + at] = limit.known[at][c];
    for (std::size_t number = 0; number < all.blocks.size(); ++number) {
        std::int32_t larger = 0;
        for (std::size_t at = 0; at < moments_; ++at) {
            std::int32_t& served = reached_[number * moments_ + at];
            std::int32_t now = counts_[work.classes().size() * moments_ + at];
            for (std::size_t level = 0; level < levels_; ++level) {
                const std::size_t first = work.levels()[level].classes.first;
                const std::int32_t up_to =
                    counts_[all.reach[number * levels_ + level] * moments_ + at];
                now -= up_to - counts_[first * moments_ + at];
                if (level < all.serves[number]) served += up_to;
            }
            larger = std::max(larger, now);
        }
        larger_.push_back(larger);
    }
    for (const workload::level& level : work.levels())
        first_class_.push_back(level.classes.first);
    bound_rests(work);
}

/// The dynamic program of bound.hpp, from the largest size down.
void completion::bound_rests(const workload& work) {
    std::vector<std::uint32_t> sizes;
    for (const block_class& entry : work.classes())
        sizes.push_back(entry.block);
    base::sort_once(sizes);

    const std::size_t lanes = most_pools_ + 1;
    std::vector<std::int64_t> above(sizes.size() * lanes, never); // by size and pools above it
    for (std::size_t from = sizes.size(); from-- > 0;) {
        std::int64_t* const to = &above[from * lanes];
        if (from + 1 == sizes.size()) std::fill_n(to, lanes, 0);
        // G of a size is that of the largest candidate that is not larger; every size has one.
        const auto next = std::ranges::upper_bound(all_.blocks, sizes[from]);
        const std::int64_t larger =
            larger_[static_cast<std::size_t>(next - all_.blocks.begin()) - 1];
        for (std::size_t at = from + 1; at < sizes.size(); ++at)
            lower(to, &above[at * lanes], larger * (sizes[at] - sizes[from]), most_pools_);
    }
    rest_.resize(all_.blocks.size() * eighths.size() * most_pools_, 0);
    std::vector<std::int64_t> after(lanes);
    for (std::size_t number = 0; number < all_.blocks.size(); ++number) {
        const auto next = std::ranges::upper_bound(sizes, all_.blocks[number]) - sizes.begin();
        for (std::size_t step = 0; larger_[number] > 0 && step < eighths.size(); ++step) {
            std::ranges::fill(after, never);
            const std::int64_t count = larger_[number] + more_blocks(larger_[number], step);
            for (auto at = static_cast<std::size_t>(next); at < sizes.size(); ++at)
                lower(after.data(), &above[at * lanes], count * sizes[at], most_pools_);
            std::int64_t* const rest = &rest_[(number * eighths.size() + step) * most_pools_];
            std::reverse_copy(after.begin(), after.end() - 1, rest);
        }
    }
}

void completion::leave(std::span<const std::uint32_t> covered, std::span<const std::int64_t> cost) {
    cost_.assign(cost.begin(), cost.end());
    const std::size_t classes = counts_.size() / moments_ - 1;
    for (std::size_t at = 0; at < moments_; ++at) {
        std::int32_t all = 0;
        for (std::size_t level = 0; level < levels_; ++level) {
            const std::size_t end = level + 1 < levels_ ? first_class_[level + 1] : classes;
            all += counts_[end * moments_ + at];
            covered_[(level + 1) * moments_ + at] =
                covered_[level * moments_ + at] + counts_[covered[level] * moments_ + at];
        }
        const std::int32_t left = all - covered_[levels_ * moments_ + at];
        for (std::size_t level = 0; level <= levels_; ++level)
            left_[level * moments_ + at] = left + covered_[level * moments_ + at];
    }
}

DRONE_VECTOR_CLONES void
completion::find(std::size_t first, std::size_t last, std::vector<possible_pool>& found) const {
    for (std::size_t candidate = first; candidate < last; ++candidate) {
        const std::int64_t* const rest = &rest_[candidate * eighths.size() * most_pools_];
        const std::int64_t others = cheapest_sum(cost_.data(), rest, most_pools_);
        if (others > limit_) continue;
        const std::int32_t* const reached = &reached_[candidate * moments_];
        const std::int32_t* const covered = &covered_[all_.serves[candidate] * moments_];
        const std::int32_t* const left = &left_[all_.serves[candidate] * moments_];
        std::int32_t load = 0;
        std::int32_t remain = 0;
        for (std::size_t at = 0; at < moments_; ++at) {
            load = std::max(load, reached[at] - covered[at]);
            remain = std::max(remain, left[at] - reached[at]);
        }
        const std::uint32_t block = all_.blocks[candidate];
        const std::int64_t bytes = bytes_of_blocks(block, load);
        const std::int64_t more = std::max(remain - larger_[candidate], 0);
        if (others + bytes + bytes_of_blocks(block, more) > limit_) continue;
        std::size_t step = 0;
        while (step + 1 < eighths.size() && more_blocks(larger_[candidate], step + 1) <= more)
            ++step;
        const std::int64_t in_full = more_blocks(larger_[candidate], step);
        const std::int64_t all =
            cheapest_sum(cost_.data(), rest + step * most_pools_, most_pools_) + bytes +
            bytes_of_blocks(block, more - in_full);
        if (all <= limit_)
            found.push_back({.candidate = static_cast<std::uint32_t>(candidate), .load = load});
    }
}

} // namespace drone::layout

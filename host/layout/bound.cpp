// SPDX-License-Identifier: MIT
#include "layout/bound.hpp"

#include "base/sorted.hpp"

#include <algorithm>
#include <limits>

namespace drone::layout {

namespace {

constexpr std::int64_t unreachable = std::int64_t{1} << 61;

/// The sizes and what is known of G at each of them and at 0.
class staircase {
public:
    explicit staircase(const load_index& index) : index_(index) {
        sizes_.push_back(0);
        for (const block_class& entry : index.work().classes())
            sizes_.push_back(entry.block);
        base::sort_once(sizes_);
        sizes_.pop_back(); // nothing is larger than the largest
        for (const std::uint32_t size : sizes_)
            larger_.push_back(index.work().larger_than(size));
        peak_.resize(sizes_.size());
        measured_.resize(sizes_.size());
        for (const moment& when : index.busy_moments())
            raise(when);
    }

    [[nodiscard]] std::vector<lower_bound> solve(std::size_t most) {
        const std::uint32_t largest = index_.work().largest_block();
        std::vector<lower_bound> bounds(most);
        if (largest == 0) return bounds;
        while (true) {
            const std::vector<std::vector<std::size_t>> chains = cheapest(most, largest);
            std::vector<std::size_t> open;
            for (const auto& chain : chains)
                for (const std::size_t at : chain)
                    if (!measured_[at] && std::ranges::find(open, at) == open.end())
                        open.push_back(at);
            if (open.empty()) {
                for (std::size_t count = 0; count < most; ++count)
                    bounds[count] = bound_of(chains[count], largest);
                return bounds;
            }
            measure(open);
        }
    }

private:
    void raise(const moment& when) {
        const prefix_counts counts = index_.counts_at(when);
        for (std::size_t at = 0; at < sizes_.size(); ++at) {
            std::int64_t load = 0;
            for (const class_range& range : larger_[at])
                load += counts[range.last] - counts[range.first];
            peak_[at] = std::max(peak_[at], load);
        }
    }

    void measure(const std::vector<std::size_t>& open) {
        std::vector<class_set> sets;
        std::vector<peak> peaks;
        for (const std::size_t at : open) {
            sets.push_back(larger_[at]);
            peaks.push_back({.load = peak_[at], .when = {}});
        }
        index_.raise_peaks(sets, peaks);
        for (std::size_t number = 0; number < open.size(); ++number) {
            measured_[open[number]] = true;
            if (peaks[number].load > peak_[open[number]]) raise(peaks[number].when);
        }
    }

    /// For each number of pools the cheapest chain, as the places b_0 .. b_(k-1) it rests on.
    [[nodiscard]] std::vector<std::vector<std::size_t>>
    cheapest(std::size_t most, std::uint32_t largest) const {
        const std::size_t places = sizes_.size();
        // least[k][j]: the least that the stretch from 0 up to size j costs with k steps.
        std::vector least(most + 1, std::vector<std::int64_t>(places + 1, unreachable));
        std::vector from(most + 1, std::vector<std::size_t>(places + 1, 0));
        least[0][0] = 0;
        for (std::size_t count = 1; count <= most; ++count) {
            for (std::size_t to = 1; to <= places; ++to) {
                const std::int64_t size = to == places ? largest : sizes_[to];
                for (std::size_t at = 0; at < to; ++at) {
                    const std::int64_t bytes =
                        least[count - 1][at] + (size - sizes_[at]) * peak_[at];
                    if (bytes >= least[count][to]) continue;
                    least[count][to] = bytes;
                    from[count][to] = at;
                }
            }
        }
        std::vector<std::vector<std::size_t>> chains(most);
        std::size_t best = 1;
        for (std::size_t count = 1; count <= most; ++count) {
            if (least[count][places] < least[best][places]) best = count;
            std::size_t to = places;
            for (std::size_t left = best; left > 0; --left) {
                to = from[left][to];
                chains[count - 1].push_back(to);
            }
            std::ranges::reverse(chains[count - 1]);
        }
        return chains;
    }

    [[nodiscard]] lower_bound
    bound_of(const std::vector<std::size_t>& chain, std::uint32_t largest) const {
        lower_bound bound;
        for (std::size_t number = 0; number < chain.size(); ++number) {
            const bool last = number + 1 == chain.size();
            const std::uint32_t block = last ? largest : sizes_[chain[number + 1]];
            const std::int64_t above = last ? 0 : peak_[chain[number + 1]];
            const std::int64_t capacity = peak_[chain[number]] - above;
            bound.bytes += capacity * block;
            if (capacity > 0) bound.chain.push_back({.block = block, .capacity = capacity});
        }
        return bound;
    }

    const load_index& index_;
    std::vector<std::uint32_t> sizes_; ///< 0 and every class's block but the largest, ascending
    std::vector<class_set> larger_;    ///< by size: the classes with larger blocks
    std::vector<std::int64_t> peak_;   ///< by size: G as far as it is known, from below
    std::vector<bool> measured_;       ///< by size: G is exact
};

} // namespace

std::vector<lower_bound> lower_bounds(const load_index& index, std::size_t most) {
    return staircase(index).solve(most);
}

} // namespace drone::layout

// SPDX-License-Identifier: MIT
#pragma once

#include "layout/classes.hpp"
#include "layout/completion.hpp"
#include "layout/loads.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace drone::layout {

/// A factor by which loads are scaled, in units of 2^-20, rounded up to whole blocks.
class growth {
public:
    static constexpr unsigned fraction_bits = 20;

    constexpr growth() = default;
    constexpr explicit growth(std::uint64_t units) : units_(units) {}

    [[nodiscard]] constexpr std::uint64_t units() const { return units_; }
    [[nodiscard]] constexpr double factor() const {
        return static_cast<double>(units_) / (1U << fraction_bits);
    }
    /// The scaled load. Requires units() * load below 2^63.
    [[nodiscard]] constexpr std::int64_t of(std::int64_t load) const {
        constexpr std::uint64_t fraction = (1U << fraction_bits) - 1;
        return static_cast<std::int64_t>(
            (units_ * static_cast<std::uint64_t>(load) + fraction) >> fraction_bits
        );
    }

    friend constexpr bool operator==(growth, growth) = default;

private:
    std::uint64_t units_ = 1U << fraction_bits;
};

/// Every layout that may be best, as paths through a graph; the cheapest path is the best layout.
///
/// A request goes to the first pool, by ascending block, that serves its class. So pools are chosen
/// from the smallest up, and all that matters of those chosen is the largest one and how far the
/// classes of each level of alignment are covered: that is a state. A pool b whose blocks are
/// aligned for levels 1..L takes, in each of these levels, the uncovered classes up to b: that is an
/// edge.
///
/// With one level a state is just the last block and the graph is the plain DP over intervals. With
/// several it is exact too. Let b serve exactly the levels 1..L, let r be the largest block among
/// its classes and p the pool before it. Then the smallest b' that serves exactly 1..L, b' >= r, b'
/// > p, takes the same classes and leaves the same rest, so only b' is an edge. These b' form a
/// small set: from each class or kept block upwards, at most one step in each level, levels
/// ascending. (A block of less alignment than it could have is a real choice: it keeps others out of
/// a small pool.)
///
/// Each edge carries the load of its pool as far as it is known, a bound from below.
class pool_graph {
public:
    /// Every block that can be a pool of the best layout: ascending.
    [[nodiscard]] static std::vector<std::uint32_t>
    blocks_of(const workload& work, std::span<const std::uint32_t> keep);

    using edge_id = std::uint32_t;

    struct path {
        std::vector<edge_id> pools; ///< by ascending block
        std::int64_t bytes = 0;     ///< sum of block times scaled load
    };

    struct options {
        std::size_t most_pools = 1;
        std::vector<std::uint32_t> keep = {
        }; ///< blocks that must be pools: ascending, whole granules
        /// If any, the only other blocks: ascending. The graph is smaller, and no longer holds every
        /// layout.
        std::vector<std::uint32_t> only = {};
        std::size_t edge_limit = 0;
        /// If any, the graph need not have paths of most_pools pools or fewer that cost more. Its
        /// loads are then those at the known moments.
        std::optional<ceiling> limit = {};
    };

    /// Nothing when it would have more edges than the limit.
    [[nodiscard]] static std::optional<pool_graph> of(const workload& work, const options& wanted);

    [[nodiscard]] std::size_t edge_count() const { return loads_.size(); }
    [[nodiscard]] std::uint32_t block(edge_id edge) const { return blocks_[candidate_of_[edge]]; }
    [[nodiscard]] std::int64_t load(edge_id edge) const { return loads_[edge]; }
    [[nodiscard]] class_set classes(edge_id edge) const;

    /// Raises every load to what is live at a moment with these counts.
    void raise(const prefix_counts& counts);

    /// No path costs as much.
    static constexpr std::int64_t unreachable = too_many_bytes;

    /// The cheapest path below `limit` bytes for every number of pools: [k] has at most k of them;
    /// nothing where there is none, or k pools cannot serve all classes and hold all kept blocks.
    /// O(edges * pools), less where the limit is tight.
    [[nodiscard]] std::vector<std::optional<path>>
    cheapest(growth scale = {}, std::int64_t limit = unreachable) const;

private:
    class builder;

    /// The dynamic program: cheapest cost of every state by number of pools, and the last edge.
    void
    relax_all(growth scale, std::int64_t limit, std::int64_t* cost, std::int64_t* arrival) const;

    std::size_t most_pools_ = 0;
    std::size_t level_count_ = 0;
    std::vector<std::uint32_t> blocks_; ///< candidates, ascending
    std::vector<std::uint32_t> serves_; ///< by candidate: the levels it serves, lowest first
    std::vector<std::uint32_t> reach_;  ///< by candidate and level: first class not up to the block
    std::vector<bool> kept_;            ///< by candidate

    std::vector<std::uint32_t> covered_;  ///< by state and level: first class not covered
    std::vector<std::uint32_t> order_;    ///< states, predecessors first
    std::vector<std::size_t> first_edge_; ///< by position in order_, and one more
    std::vector<std::uint32_t> final_;    ///< states that cover everything

    std::vector<std::uint32_t> candidate_of_; ///< by edge
    std::vector<std::uint32_t> target_;       ///< by edge
    std::vector<std::int32_t> loads_;         ///< by edge
};

} // namespace drone::layout

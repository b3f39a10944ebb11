// SPDX-License-Identifier: MIT
#pragma once

#include "layout/classes.hpp"
#include "layout/loads.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace drone::layout {

/// What a layout must not cost more than, and counts of live blocks at moments that matter.
struct ceiling {
    std::int64_t bytes = 0;
    std::vector<prefix_counts> known;
};

/// Which pools can still lead to a layout below a ceiling: for a pool graph that would otherwise be
/// too large.
///
/// The first pools of a layout cost what they cost. The classes that they leave are R, and at some
/// moment M(R) blocks of it are live. The pools that are still to come have blocks above b, the
/// largest so far. As in bound.hpp they take at least
///
///     min over b < b1 < b2 ... of b1 * M(R) + (b2 - b1) * G(b1) + (b3 - b2) * G(b2) ...
///
/// bytes whatever the policy. R is the G(b) blocks larger than b, and others: classes that were left
/// out because the pools so far are aligned to less. Where they are d more than G(b), each takes more
/// than b bytes; for some d the minimum is known, and the bound is that of the next smaller such d and
/// b bytes for each block more. Every number is the largest at the known moments, a bound from below.
class completion {
public:
    /// What can be a pool.
    struct candidates {
        std::span<const std::uint32_t> blocks; ///< ascending
        std::span<const std::uint32_t> serves; ///< by candidate: the levels it serves
        std::span<const std::uint32_t> reach;  ///< by candidate and level: first class beyond it
    };

    /// O(blocks * sizes * pools).
    completion(
        const workload& work, const candidates& all, std::size_t most_pools, const ceiling& limit
    );

    /// From here on it is about pools after those that cover so much and cost, by their number, so
    /// much.
    void leave(std::span<const std::uint32_t> covered, std::span<const std::int64_t> cost);

    struct possible_pool {
        std::uint32_t candidate = 0;
        std::int32_t load = 0; ///< at least
    };
    /// Adds the pools of [first, last) that can come next: without those that only lead to layouts
    /// that cost more than the ceiling. O(last - first) times O(known moments + pools).
    void find(std::size_t first, std::size_t last, std::vector<possible_pool>& found) const;

private:
    void bound_rests(const workload& work);

    std::size_t most_pools_;
    std::int64_t limit_;
    std::size_t moments_; ///< that are known, at least one
    std::size_t levels_;
    candidates all_;
    std::vector<std::uint32_t> first_class_; ///< by level
    std::vector<std::int32_t> counts_; ///< by class and moment: live blocks of classes before it
    std::vector<std::int32_t>
        reached_;                      ///< by candidate and moment: what it serves, up to its block
    std::vector<std::int32_t> larger_; ///< by candidate: G
    /// By candidate, some d and number of pools before it: what those after it take at least.
    std::vector<std::int64_t> rest_;

    std::vector<std::int64_t> cost_;    ///< of the pools so far, by their number
    std::vector<std::int32_t> covered_; ///< by levels served and moment: of these, covered so far
    std::vector<std::int32_t> left_;    ///< the same: of all levels left, and covered_
};

} // namespace drone::layout

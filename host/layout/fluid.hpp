// SPDX-License-Identifier: MIT
#pragma once

#include "layout/classes.hpp"
#include "usage/demand.hpp"

#include <drone/layout.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace drone::layout {

/// Which pools are worth having in front of an overflow region: a fluid model.
///
/// The region is taken to hold any load in a little more than its bytes, whatever the sizes. A pool
/// of block b serves the sizes for which the region would take b or more (region_saves_up_to()), so
/// a layout with N(b) blocks costs
///
///     slack * max over t of sum over b of r(b) * (live(b, t) - min(live(b, t), N(b)))  +  sum of b * N(b)
///
/// where r(b) is what the region takes for such a size. The slack is 1.03 for the fewest bytes; with
/// more, pools seem to cost less than they do, so more requests are theirs. N is found by coordinate
/// descent over moments at which much is live, then shrunk to what nearly always is,
/// N - kappa * z * sqrt(N) with z = Phi^-1(b / r): a block that is idle costs all of b, and saves only
/// r - b when it is in use.
///
/// It is a guess: what its pools need is measured by replay.
class fluid_model {
public:
    /// Looks at the runs: two passes over the steps.
    explicit fluid_model(std::span<const usage::demand> runs);

    static constexpr double usual_slack = 1.03;

    /// At most so many pools, by ascending block; fewer, or none, where they would not pay.
    [[nodiscard]] std::vector<pool_spec>
    choose(std::size_t most, double kappa, double slack = usual_slack) const;

    /// At most so many pools for the sizes that were asked for most often, by ascending block. Each holds
    /// that part of the most that was live of them at the moments looked at.
    [[nodiscard]] std::vector<pool_spec> choose_most_requested(std::size_t most, double part) const;

    /// What a region beside these pools holds at the busiest of the moments looked at, bytes.
    /// Requires pools of choose().
    [[nodiscard]] double region_load(std::span<const pool_spec> pools) const;

private:
    /// Requests for blocks of one size.
    struct cell {
        std::uint32_t block = 0;    ///< bytes
        double in_region = 0;       ///< bytes that the region takes for one, tags included
        std::uint64_t requests = 0; ///< of all runs
    };
    /// A pool that may be: it serves cells [first, own].
    struct candidate {
        std::size_t first = 0;
        std::size_t own = 0;
        double capacity = 0;
    };

    void sample(const usage::demand& run);
    [[nodiscard]] std::vector<candidate> candidates_of(std::vector<std::size_t> cells) const;
    void descend(std::vector<candidate>& pools, int rounds, double slack) const;
    [[nodiscard]] std::vector<double> live(const candidate& pool) const;

    std::vector<cell> cells_;                         ///< by ascending block
    std::vector<std::vector<std::uint32_t>> moments_; ///< live blocks by cell
    std::vector<double> loads_;                       ///< of them, all in the region, bytes
    std::size_t busiest_ = 0;
};

} // namespace drone::layout

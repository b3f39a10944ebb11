// SPDX-License-Identifier: MIT
#include "layout/fluid.hpp"

#include "base/sorted.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace drone::layout {

namespace {

constexpr double with_tags = 65.0 / 64; // a bit a granule
constexpr std::size_t windows = 200;    // of a run, one moment each
constexpr double least_load = 0.25;     // of the largest, at a moment that matters

/// The least x below which a normal variable stays with that probability.
double normal_quantile(double probability) {
    double low = -8;
    double high = 8;
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        (0.5 * std::erfc(-middle / std::sqrt(2.0)) < probability ? low : high) = middle;
    }
    return low;
}

double bytes_in_region(std::uint32_t size) {
    return with_tags * region_granule * region_granules(size);
}

/// The block that a pool would have for a class; 0: only the region serves it.
std::uint32_t pool_block(const usage::request_class& request) {
    const auto found = block_of(request);
    return found && found->alignment <= region_granule ? found->block : 0;
}

} // namespace

fluid_model::fluid_model(std::span<const usage::demand> runs) {
    std::vector<std::uint32_t> blocks;
    for (const usage::demand& run : runs)
        for (const usage::request_class& request : run.classes)
            if (const std::uint32_t block = pool_block(request); block != 0)
                blocks.push_back(block);
    base::sort_once(blocks);
    for (const std::uint32_t block : blocks)
        cells_.push_back({.block = block, .in_region = bytes_in_region(block)});
    for (const usage::demand& run : runs)
        sample(run);
    if (loads_.empty()) return;
    const double enough = least_load * std::ranges::max(loads_);
    std::size_t kept = 0;
    for (std::size_t moment = 0; moment < loads_.size(); ++moment) {
        if (loads_[moment] < enough) continue;
        loads_[kept] = loads_[moment];
        std::swap(moments_[kept], moments_[moment]);
        ++kept;
    }
    loads_.resize(kept);
    moments_.resize(kept);
    busiest_ = static_cast<std::size_t>(std::ranges::max_element(loads_) - loads_.begin());
}

/// Keeps the counts at the fullest moment of each window.
void fluid_model::sample(const usage::demand& run) {
    usage::by_class<std::size_t> cell_of;
    usage::by_class<double> bytes;
    for (const usage::request_class& request : run.classes) {
        const auto found = std::ranges::lower_bound(cells_, pool_block(request), {}, &cell::block);
        const bool is_pool = found != cells_.end() && found->block == pool_block(request);
        cell_of.push_back(is_pool ? static_cast<std::size_t>(found - cells_.begin()) : SIZE_MAX);
        bytes.push_back(bytes_in_region(request.size));
    }
    const std::size_t width = std::max<std::size_t>(1, run.steps.size() / windows);
    std::vector<std::pair<std::size_t, double>> fullest; // by window: step and load
    double load = 0;
    for (std::size_t at = 0; at < run.steps.size(); ++at) {
        const usage::step step = run.steps[at];
        load += step.gives_back() ? -bytes[step.number()] : bytes[step.number()];
        if (at / width >= fullest.size()) fullest.emplace_back(at, load);
        if (load > fullest.back().second) fullest.back() = {at, load};
    }
    std::vector<std::int32_t> counts(cells_.size());
    auto next = fullest.begin();
    for (std::size_t at = 0; at < run.steps.size(); ++at) {
        const usage::step step = run.steps[at];
        if (const std::size_t own = cell_of[step.number()]; own != SIZE_MAX) {
            counts[own] += step.gives_back() ? -1 : 1;
            if (!step.gives_back()) ++cells_[own].requests;
        }
        if (next == fullest.end() || next->first != at) continue;
        std::vector<std::uint32_t>& kept = moments_.emplace_back();
        for (const std::int32_t count : counts)
            kept.push_back(static_cast<std::uint32_t>(std::max(count, 0)));
        loads_.push_back(next->second);
        ++next;
    }
}

/// Each serves what the next smaller one does not.
std::vector<fluid_model::candidate> fluid_model::candidates_of(std::vector<std::size_t> cells
) const {
    std::ranges::sort(cells);
    std::vector<candidate> pools;
    for (const std::size_t own : cells) {
        const std::uint32_t above = region_saves_up_to(cells_[own].block);
        std::size_t first = pools.empty() ? 0 : pools.back().own + 1;
        while (cells_[first].block <= above)
            ++first;
        pools.push_back({.first = first, .own = own, .capacity = 0});
    }
    return pools;
}

/// Blocks that a pool could have in use, by moment.
std::vector<double> fluid_model::live(const candidate& pool) const {
    std::vector<double> counts;
    counts.reserve(moments_.size());
    for (const std::vector<std::uint32_t>& moment : moments_) {
        double count = 0;
        for (std::size_t own = pool.first; own <= pool.own; ++own)
            count += moment[own];
        counts.push_back(count);
    }
    return counts;
}

/// Gives the pools the capacities for which the model's cost is least.
void fluid_model::descend(std::vector<candidate>& pools, int rounds, double slack) const {
    std::vector<std::vector<double>> counts;
    std::vector<double> rest = loads_; // of each moment, what the pools do not hold
    const auto move = [&](std::size_t pool, double sign) {
        const double each = cells_[pools[pool].own].in_region;
        for (std::size_t m = 0; m < rest.size(); ++m)
            rest[m] += sign * each * std::min(counts[pool][m], pools[pool].capacity);
    };
    for (std::size_t pool = 0; pool < pools.size(); ++pool) {
        counts.push_back(live(pools[pool]));
        pools[pool].capacity = counts[pool][busiest_];
        move(pool, -1);
    }
    for (; rounds > 0; --rounds) {
        for (std::size_t pool = 0; pool < pools.size(); ++pool) {
            const cell& own = cells_[pools[pool].own];
            move(pool, 1);
            const auto cost = [&](double capacity) {
                double peak = 0;
                for (std::size_t m = 0; m < rest.size(); ++m)
                    peak = std::max(
                        peak, rest[m] - own.in_region * std::min(counts[pool][m], capacity)
                    );
                return slack * peak + capacity * own.block;
            };
            double low = 0; // the cost is convex
            double high = std::ranges::max(counts[pool]);
            while (high - low >= 1) {
                const double middle = std::floor((low + high) / 2);
                if (cost(middle) <= cost(middle + 1))
                    high = middle;
                else
                    low = middle + 1;
            }
            pools[pool].capacity = low;
            move(pool, -1);
        }
    }
}

double fluid_model::region_load(std::span<const pool_spec> pools) const {
    std::vector<std::size_t> cells;
    for (const pool_spec& pool : pools)
        cells.push_back(static_cast<std::size_t>(
            std::ranges::lower_bound(cells_, pool.block, {}, &cell::block) - cells_.begin()
        ));
    std::vector<double> rest = loads_;
    const std::vector<candidate> candidates = candidates_of(cells);
    for (std::size_t pool = 0; pool < pools.size(); ++pool) {
        const std::vector<double> counts = live(candidates[pool]);
        for (std::size_t m = 0; m < rest.size(); ++m)
            rest[m] -=
                cells_[cells[pool]].in_region * std::min<double>(counts[m], pools[pool].capacity);
    }
    return rest.empty() ? 0 : std::max(0.0, std::ranges::max(rest));
}

std::vector<pool_spec> fluid_model::choose(std::size_t most, double kappa, double slack) const {
    if (moments_.empty() || most == 0) return {};
    std::vector<std::size_t> cells;
    for (std::size_t own = 0; own < cells_.size(); ++own)
        if (moments_[busiest_][own] > 0) cells.push_back(own);
    const auto saves_each = [&](std::size_t own) {
        return cells_[own].in_region - cells_[own].block + (slack - 1) * cells_[own].block;
    };
    std::ranges::stable_sort(cells, std::greater{}, [&](std::size_t own) {
        return moments_[busiest_][own] * saves_each(own);
    });
    cells.resize(std::min(cells.size(), 3 * most));
    std::vector<candidate> pools = candidates_of(cells);
    descend(pools, 2, slack);
    while (pools.size() > most) { // without the half of those too many that save least
        const auto saves = [&](const candidate& pool) {
            return pool.capacity * saves_each(pool.own);
        };
        std::ranges::stable_sort(pools, std::greater{}, saves);
        pools.resize(pools.size() - (pools.size() - most + 1) / 2);
        cells.clear();
        for (const candidate& pool : pools)
            cells.push_back(pool.own);
        pools = candidates_of(cells);
        descend(pools, pools.size() > most ? 2 : 6, slack);
    }
    std::vector<pool_spec> chosen;
    for (const candidate& pool : pools) {
        const cell& own = cells_[pool.own];
        const double z = std::max(0.0, normal_quantile(std::min(0.999, own.block / own.in_region)));
        const double left = std::floor(pool.capacity - kappa * z * std::sqrt(pool.capacity));
        if (left >= 1)
            chosen.push_back({.block = own.block, .capacity = static_cast<std::uint32_t>(left)});
    }
    return chosen;
}

std::vector<pool_spec> fluid_model::choose_most_requested(std::size_t most, double part) const {
    std::vector<std::size_t> cells;
    for (std::size_t own = 0; own < cells_.size(); ++own)
        if (cells_[own].requests > 0) cells.push_back(own);
    std::ranges::stable_sort(cells, std::greater{}, [&](std::size_t own) {
        return cells_[own].requests;
    });
    cells.resize(std::min(cells.size(), most));
    std::vector<pool_spec> chosen;
    for (const candidate& pool : candidates_of(cells)) {
        const std::vector<double> counts = live(pool);
        const double blocks = counts.empty() ? 0 : std::ceil(part * std::ranges::max(counts));
        if (blocks >= 1)
            chosen.push_back(
                {.block = cells_[pool.own].block, .capacity = static_cast<std::uint32_t>(blocks)}
            );
    }
    return chosen;
}

} // namespace drone::layout

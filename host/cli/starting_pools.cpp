// SPDX-License-Identifier: MIT
#include "cli/starting_pools.hpp"

#include <algorithm>
#include <cmath>

namespace drone::cli {

namespace {

constexpr std::uint32_t most_pools = 12;
constexpr double spacing_power = 2.75; // as the seeds lay out a heap without a trace
constexpr std::uint32_t largest_share = 20;

std::uint32_t round_up(double bytes, std::uint32_t unit) {
    return static_cast<std::uint32_t>(std::ceil(bytes / unit)) * unit;
}

/// Blocks from one word to the largest, those that rounding makes equal once.
std::vector<pool_spec> blocks_for(std::uint32_t size) {
    std::vector<pool_spec> pools = {{.block = granule, .capacity = 1}};
    const double largest = static_cast<double>(size) / largest_share;
    for (std::uint32_t i = 1; i < most_pools; ++i) {
        const double place = static_cast<double>(i) / (most_pools - 1);
        const double block = granule + (largest - granule) * std::pow(place, spacing_power);
        const std::uint32_t rounded = round_up(block, default_alignment);
        if (rounded > pools.back().block) pools.push_back({.block = rounded, .capacity = 1});
    }
    return pools;
}

} // namespace

std::vector<pool_spec> starting_pools(std::uint32_t size) {
    std::vector<pool_spec> pools = blocks_for(size);
    std::uint32_t rest = size;
    for (const pool_spec& pool : pools)
        rest -= pool.block;
    // The spread's weights: a parabola that is 1 in the middle and 1/4 at both ends.
    const auto weight = [last = static_cast<double>(pools.size() - 1)](std::size_t i) {
        const double off_centre = 1 - 2 * static_cast<double>(i) / last;
        return 0.25 + 0.75 * (1 - off_centre * off_centre);
    };
    double total = 0;
    for (std::size_t i = 0; i < pools.size(); ++i)
        total += weight(i);
    const double share = rest / total;
    for (std::size_t i = pools.size(); i-- > 0;) {
        const auto wanted = static_cast<std::uint32_t>(share * weight(i) / pools[i].block);
        const std::uint32_t more = std::min(wanted, rest / pools[i].block);
        pools[i].capacity += more;
        rest -= more * pools[i].block;
    }
    for (std::size_t i = pools.size(); i-- > 0;) {
        const std::uint32_t more = rest / pools[i].block;
        pools[i].capacity += more;
        rest -= more * pools[i].block;
    }
    return pools;
}

} // namespace drone::cli

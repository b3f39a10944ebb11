// SPDX-License-Identifier: MIT
#include "cli/starting_pools.hpp"

#include "layout/headroom.hpp"

#include <cmath>
#include <numeric>

namespace drone::cli {

namespace {

constexpr std::uint32_t most_pools = 12;
constexpr double spacing_power = 2.75; // as the seeds lay out a heap without a trace
constexpr std::uint32_t largest_share = 20;

std::uint32_t round_up(double bytes, std::uint32_t unit) {
    return static_cast<std::uint32_t>(std::ceil(bytes / unit)) * unit;
}

/// Blocks from one word to the largest, those that rounding makes equal once.
std::vector<std::uint32_t> blocks_for(std::uint32_t size) {
    std::vector<std::uint32_t> blocks = {granule};
    const double largest = static_cast<double>(size) / largest_share;
    for (std::uint32_t i = 1; i < most_pools; ++i) {
        const double place = static_cast<double>(i) / (most_pools - 1);
        const double block = granule + (largest - granule) * std::pow(place, spacing_power);
        const std::uint32_t rounded = round_up(block, default_alignment);
        if (rounded > blocks.back()) blocks.push_back(rounded);
    }
    return blocks;
}

} // namespace

std::vector<pool_spec> starting_pools(std::uint32_t size) {
    const std::vector<std::uint32_t> blocks = blocks_for(size);
    std::vector<std::uint64_t> capacities(blocks.size(), 1);
    const std::uint64_t once = std::accumulate(blocks.begin(), blocks.end(), std::uint64_t{0});
    layout::spread_over(blocks, size - once, capacities);
    std::vector<pool_spec> pools;
    pools.reserve(blocks.size());
    for (std::size_t i = 0; i < blocks.size(); ++i)
        pools.push_back({blocks[i], static_cast<std::uint32_t>(capacities[i])});
    return pools;
}

} // namespace drone::cli

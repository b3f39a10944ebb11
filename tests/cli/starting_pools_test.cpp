// SPDX-License-Identifier: MIT
#include "cli/starting_pools.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace drone::cli {

namespace {

std::uint64_t bytes_of(const std::vector<pool_spec>& pools) {
    std::uint64_t bytes = 0;
    for (const pool_spec& pool : pools)
        bytes += std::uint64_t{pool.block} * pool.capacity;
    return bytes;
}

} // namespace

RC_GTEST_PROP(StartingPools, FillAnyHeap, ()) {
    const auto size = *rc::gen::inRange<std::uint32_t>(smallest_starting_heap, 1U << 24);
    const std::vector<pool_spec> pools = starting_pools(size);
    RC_ASSERT(check_layout(pools.data(), pools.size(), size) == layout_error::none);
    RC_ASSERT(pools.front().block == granule);
    RC_ASSERT(size - bytes_of(pools) < granule);
    RC_ASSERT(pools.back().block >= size / 20);
}

RC_GTEST_PROP(StartingPools, SuitEveryFundamentalAlignment, ()) {
    const auto size = *rc::gen::inRange<std::uint32_t>(smallest_starting_heap, 1U << 24);
    for (const pool_spec& pool : starting_pools(size))
        RC_ASSERT(pool.block == granule || pool.block % default_alignment == 0U);
}

} // namespace drone::cli

// SPDX-License-Identifier: MIT
#include <drone/layout.hpp>

#include <gtest/gtest.h>

#include <iterator>

namespace {

using drone::check_layout;
using drone::layout_error;
using drone::pool_spec;

constexpr auto seeds =
    drone::make_layout(10240, {{4, 201}, {12, 222}, {28, 115}, {32, 83}, {128, 7}});

TEST(Layout, PoolsStandByDescendingAlignmentWithoutPadding) {
    constexpr auto layout = drone::make_layout(40, {{4, 3}, {8, 2}, {12, 1}});
    EXPECT_EQ(layout.pools[1].offset, 0U);
    EXPECT_EQ(layout.pools[0].offset, 16U);
    EXPECT_EQ(layout.pools[2].offset, 28U);
    EXPECT_EQ(layout.used(), 40U);
}

TEST(Layout, SeedsExampleLeavesNothingOver) {
    EXPECT_EQ(seeds.used(), 201U * 4 + 222U * 12 + 115U * 28 + 83U * 32 + 7U * 128);
    EXPECT_LE(seeds.used(), seeds.size);
}

TEST(Layout, BlocksAreAlignedToWhatDividesThem) {
    EXPECT_EQ(drone::block_alignment(12, 8), 4U);
    EXPECT_EQ(drone::block_alignment(24, 8), 8U);
    EXPECT_EQ(drone::block_alignment(64, 8), 8U);
    EXPECT_EQ(drone::block_alignment(64, 32), 32U);
}

layout_error
check(std::initializer_list<pool_spec> pools, std::uint32_t size, std::uint32_t alignment = 8) {
    return check_layout(pools.begin(), pools.size(), size, alignment);
}

TEST(Layout, RefusesWhatCannotBeAHeap) {
    EXPECT_EQ(check({}, 100), layout_error::no_pools);
    EXPECT_EQ(check({{4, 1}}, 100, 12), layout_error::bad_alignment);
    EXPECT_EQ(check({{4, 1}}, 100, 2), layout_error::bad_alignment);
    EXPECT_EQ(check({{4, 1}}, 100, 8192), layout_error::bad_alignment);
    EXPECT_EQ(check({{0, 1}}, 100), layout_error::block_zero);
    EXPECT_EQ(check({{6, 1}}, 100), layout_error::block_not_granule);
    EXPECT_EQ(check({{8, 0}}, 100), layout_error::capacity_zero);
    EXPECT_EQ(check({{8, 1}, {8, 1}}, 100), layout_error::not_ascending);
    EXPECT_EQ(check({{8, 13}}, 100), layout_error::exceeds_heap);
    EXPECT_EQ(check({{8, 12}}, 100), layout_error::none);
}

TEST(Layout, ARegionAlignsItsHeapToItsGranule) {
    const pool_spec pools[] = {{4, 1}};
    const auto check_with_region = [&](std::uint32_t alignment) {
        return check_layout(pools, 1, 100, alignment, nullptr, drone::overflow::region);
    };
    EXPECT_EQ(check_with_region(4), layout_error::bad_alignment);
    EXPECT_EQ(check_with_region(8), layout_error::none);
    EXPECT_EQ(check({{4, 1}}, 100, 4), layout_error::none);
}

TEST(Layout, PoolsThatWrapAround32BitsExceedTheHeap) {
    EXPECT_EQ(check({{0x8000'0000, 2}}, 0xFFFF'FFFF), layout_error::exceeds_heap);
    EXPECT_EQ(check({{4, 0x4000'0001}}, 0xFFFF'FFFF), layout_error::exceeds_heap);
}

TEST(Layout, NamesThePoolThatIsWrong) {
    const pool_spec pools[] = {{4, 1}, {8, 1}, {10, 1}};
    std::size_t where = 99;
    EXPECT_EQ(
        check_layout(pools, std::size(pools), 100, 8, &where), layout_error::block_not_granule
    );
    EXPECT_EQ(where, 2U);
}

} // namespace

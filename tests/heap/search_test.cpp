// SPDX-License-Identifier: MIT
// The two ways to search a layout, by code and by data, find the same pools.
#include <drone/heap.hpp>

#include <gtest/gtest.h>

#include <host/exclusive.hpp>
#include <memory>
#include <vector>

namespace {

using drone::pool_search;

/// A layout of so many pools, made from a seed: steps between blocks and capacities, most small.
template <std::size_t Count>
consteval auto random_layout(std::uint32_t seed, std::uint32_t alignment, drone::overflow beyond) {
    drone::pool_spec pools[Count] = {};
    const auto below = [&](std::uint32_t bound) {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        return seed % bound;
    };
    std::uint32_t block = 0;
    std::uint32_t size = 0;
    for (drone::pool_spec& pool : pools) {
        block += drone::granule * (below(4) == 0 ? 1 + below(40) : 1 + below(2));
        pool = {.block = block, .capacity = below(8) == 0 ? 1 + below(90) : 1 + below(4)};
        size += pool.block * pool.capacity;
    }
    return drone::make_layout(size + 4096, pools, alignment, beyond);
}

struct itself {
    std::size_t operator()(std::size_t pool) const { return pool; }
};

template <const auto& Layout>
void expect_same_pools() {
    using tree = drone::static_pools<Layout, pool_search::tree>;
    using table = drone::static_pools<Layout, pool_search::table>;
    const auto expect_for_size = [](std::size_t size) {
        ASSERT_EQ(
            table::template for_size<4>(size, itself{}), tree::template for_size<4>(size, itself{})
        ) << size;
        ASSERT_EQ(
            table::template for_size<8>(size, itself{}), tree::template for_size<8>(size, itself{})
        ) << size;
    };
    for (std::size_t size = 0; size < Layout.pools[Layout.pool_count - 1].block + 100U; ++size)
        expect_for_size(size);
    for (const std::size_t size : {std::size_t{UINT32_MAX}, SIZE_MAX - 3, SIZE_MAX})
        expect_for_size(size);
    // Any offset may be asked about.
    const auto expect_for_offset = [](std::uint32_t offset) {
        ASSERT_EQ(table::for_offset(offset, itself{}), tree::for_offset(offset, itself{}))
            << offset;
    };
    for (std::uint32_t offset = 0; offset < Layout.size + 8; ++offset)
        expect_for_offset(offset);
    for (const std::uint32_t offset : {0x8000'0000U, 0xFFFF'FFFCU, 0xFFFF'FFFFU})
        expect_for_offset(offset);
    ASSERT_EQ(table::last_placed(), tree::last_placed());
}

constexpr auto none = drone::overflow::none;
constexpr auto region = drone::overflow::region;

constexpr auto one = random_layout<1>(1, 4, none);
constexpr auto one_and_region = random_layout<1>(2, 8, region);
constexpr auto two = random_layout<2>(3, 8, none);
constexpr auto seven = random_layout<7>(4, 16, region);
constexpr auto some = random_layout<33>(5, 8, none);
constexpr auto some_and_region = random_layout<40>(6, 64, region);
constexpr auto many = random_layout<64>(7, 8, none);
constexpr auto many_of_4 = random_layout<100>(8, 4, none);
constexpr auto many_and_region = random_layout<128>(9, 8, region);
constexpr auto most = random_layout<255>(10, 8, none);
constexpr auto most_and_region = random_layout<255>(11, 32, region);

TEST(Search, TreeAndTableFindTheSamePools) {
    expect_same_pools<one>();
    expect_same_pools<one_and_region>();
    expect_same_pools<two>();
    expect_same_pools<seven>();
    expect_same_pools<some>();
    expect_same_pools<some_and_region>();
    expect_same_pools<many>();
    expect_same_pools<many_of_4>();
    expect_same_pools<many_and_region>();
    expect_same_pools<most>();
    expect_same_pools<most_and_region>();
}

/// A heap with a table, from exhausted to whole again.
template <const auto& Layout>
void fill_and_empty() {
    const auto heap = std::make_unique<drone::heap<Layout, drone::host::threads>>();
    heap->initialize();
    std::vector<void*> blocks;
    for (std::size_t pool = Layout.pool_count; pool-- != 0;) {
        const drone::pool_layout& of = Layout.pools[pool];
        for (std::uint32_t i = 0; i < of.capacity; ++i) {
            void* const block = heap->allocate(of.block);
            ASSERT_NE(block, nullptr);
            ASSERT_EQ(heap->pool_of(block), pool);
            ASSERT_TRUE(heap->is_block(block));
            blocks.push_back(block);
        }
        ASSERT_EQ(heap->count_free(pool), 0);
    }
    // All are taken: the smallest has to go on to the end, or to the region.
    void* const beyond = heap->allocate(1);
    EXPECT_EQ(beyond != nullptr, Layout.region.granules != 0);
    heap->deallocate_or_null(beyond);
    heap->deallocate_or_null(nullptr);
    for (void* const block : blocks)
        heap->deallocate_or_null(block);
    for (std::size_t pool = 0; pool < Layout.pool_count; ++pool)
        EXPECT_EQ(heap->count_free(pool), Layout.pools[pool].capacity);
    EXPECT_TRUE(heap->invariants_hold());
}

TEST(Search, AHeapWithATableTakesAndGivesBackEveryBlock) {
    fill_and_empty<many>();
    fill_and_empty<many_of_4>();
    fill_and_empty<many_and_region>();
    fill_and_empty<most>();
    fill_and_empty<most_and_region>();
}

/// Every pool exhausted but one: the smallest request gets there.
template <const auto& Layout>
void fall_over_to_each() {
    const auto heap = std::make_unique<drone::heap<Layout, drone::host::threads>>();
    heap->initialize();
    std::vector<void*> one_of_each(Layout.pool_count);
    for (std::size_t pool = Layout.pool_count; pool-- != 0;) {
        for (std::uint32_t i = 0; i < Layout.pools[pool].capacity; ++i)
            one_of_each[pool] = heap->allocate(Layout.pools[pool].block);
    }
    ASSERT_EQ(heap->allocate(1), nullptr);
    for (void* const block : one_of_each) {
        heap->deallocate(block);
        ASSERT_EQ(heap->allocate(1), block);
        ASSERT_EQ(heap->allocate(1), nullptr);
    }
}

constexpr auto eight = random_layout<8>(12, 8, none);
constexpr auto nine = random_layout<9>(13, 8, none);
constexpr auto twelve = random_layout<12>(14, 8, none);
constexpr auto fifteen = random_layout<15>(15, 8, none);

TEST(Search, ARequestFallsOverToWhicheverPoolHasABlock) {
    fall_over_to_each<eight>();
    fall_over_to_each<nine>();
    fall_over_to_each<twelve>();
    fall_over_to_each<fifteen>();
    fall_over_to_each<some>();
    fall_over_to_each<many_of_4>();
}

} // namespace

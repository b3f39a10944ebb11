// SPDX-License-Identifier: MIT
// A region that not every context may use: what others take and give back.
#include <drone/heap.hpp>

#include <gtest/gtest.h>

#include <host/exclusive.hpp>
#include <memory>

namespace {

/// A core on which the test says whether the running context may use the region, and sees whether
/// an operation of the region runs.
struct guarded_core : drone::host::threads {
    static inline bool may_enter = true;
    static inline int inside = 0;
    static inline int entered = 0;

    struct region_guard {
        static constexpr bool defers = true;
        static bool admitted() noexcept { return may_enter; }
        region_guard() noexcept {
            EXPECT_TRUE(may_enter);
            EXPECT_EQ(++inside, 1) << "one stretch within another";
            ++entered;
        }
        region_guard(const region_guard&) = delete;
        region_guard& operator=(const region_guard&) = delete;
        ~region_guard() { --inside; }
    };
};

constexpr auto pools_and_region =
    drone::make_layout(4096, {{24, 2}, {60, 2}}, 64, drone::overflow::region);
using guarded_heap = drone::heap<pools_and_region, guarded_core>;

class RegionGuard : public testing::Test {
protected:
    void SetUp() override {
        guarded_core::may_enter = true;
        heap_->initialize();
        most_ = heap_->largest_request();
    }
    void as_urgent() { guarded_core::may_enter = false; }
    void as_thread() { guarded_core::may_enter = true; }

    std::unique_ptr<guarded_heap> heap_ = std::make_unique<guarded_heap>();
    std::size_t most_ = 0;
};

TEST_F(RegionGuard, UrgentContextsTakeFromPoolsOnly) {
    as_urgent();
    EXPECT_EQ(heap_->pool_of(heap_->allocate(24)), 0U);
    EXPECT_EQ(heap_->pool_of(heap_->allocate(24)), 0U);
    // What a thread would get from the region, they get from larger pools.
    EXPECT_EQ(heap_->pool_of(heap_->allocate(24)), 1U);
    EXPECT_EQ(heap_->pool_of(heap_->allocate(60)), 1U);
    EXPECT_EQ(heap_->allocate(60), nullptr);
    EXPECT_EQ(heap_->allocate(1000), nullptr);
    EXPECT_EQ(heap_->allocate(1000, 64), nullptr);
}

TEST_F(RegionGuard, WhatTheyGiveBackWaitsForTheNextTwoTakes) {
    void* blocks[5];
    for (void*& block : blocks)
        block = heap_->allocate(100);
    as_urgent();
    for (void* const block : blocks)
        heap_->deallocate(block);
    as_thread();
    EXPECT_LT(heap_->largest_request(), most_);
    void* const first = heap_->allocate(200); // moves two
    void* const second = heap_->allocate(200);
    void* const third = heap_->allocate(200);
    heap_->deallocate(first);
    heap_->deallocate(second);
    heap_->deallocate(third);
    EXPECT_TRUE(heap_->invariants_hold());
    EXPECT_EQ(heap_->largest_request(), most_);
}

TEST_F(RegionGuard, ATakeThatWouldFailMovesAll) {
    void* blocks[5];
    for (void*& block : blocks)
        block = heap_->allocate(600);
    as_urgent();
    for (void* const block : blocks)
        heap_->deallocate(block);
    as_thread();
    void* const all = heap_->allocate(most_);
    ASSERT_NE(all, nullptr);
    heap_->deallocate(all);
    EXPECT_EQ(heap_->largest_request(), most_);
}

TEST_F(RegionGuard, UrgentContextsMoveNoEndOfABlock) {
    void* const block = heap_->allocate(1000);
    as_urgent();
    EXPECT_EQ(heap_->place_resized(block, 1000, 900, 8), block);
    EXPECT_EQ(heap_->block_size(block), 1000U);
    EXPECT_EQ(heap_->place_resized(block, 900, 1001, 8), nullptr);
    EXPECT_EQ(heap_->block_size(block), 1000U);
}

TEST_F(RegionGuard, AnAlignedRequestIsSeveralStretches) {
    void* const odd = heap_->allocate(100);
    const int before = guarded_core::entered;
    void* const block = heap_->allocate(200, 64);
    ASSERT_NE(block, nullptr);
    EXPECT_GT(guarded_core::entered, before + 1);
    EXPECT_LE(guarded_core::entered, before + 4);
    heap_->deallocate(block);
    heap_->deallocate(odd);
    EXPECT_EQ(heap_->largest_request(), most_);
}

} // namespace

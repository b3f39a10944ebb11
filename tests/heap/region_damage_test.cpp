// SPDX-License-Identifier: MIT
// What invariants_hold() finds of a damaged overflow region, and regions of 16 MiB.
#include <drone/heap.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <host/exclusive.hpp>
#include <memory>
#include <vector>

namespace {

constexpr auto small_region = drone::make_layout(4096, drone::overflow::region);
using small_heap = drone::heap<small_region, drone::host::threads>;

/// A heap with free blocks between blocks in use, and where it lies.
class RegionDamage : public testing::Test {
protected:
    void SetUp() override {
        heap_->initialize();
        std::vector<void*> blocks;
        for (const std::size_t size : {40U, 100U, 16U, 500U, 24U, 100U, 48U})
            blocks.push_back(heap_->allocate(size));
        arena_ = static_cast<std::byte*>(blocks[0]) - heap_->offset_of(blocks[0]);
        for (std::size_t i = 1; i < blocks.size(); i += 2)
            heap_->deallocate(blocks[i]);
        ASSERT_TRUE(heap_->invariants_hold());
        heap_->for_each_region_block(
            [&](drone::region_kind kind, std::uint32_t offset, std::uint32_t bytes) {
                if (kind == drone::region_kind::free) free_.push_back({offset, bytes});
            }
        );
        ASSERT_EQ(free_.size(), 4U);
    }

    /// Whether one changed bit is found.
    bool is_found(std::uint32_t offset, unsigned bit) {
        arena_[offset] ^= std::byte{1} << bit;
        const bool found = !heap_->invariants_hold();
        arena_[offset] ^= std::byte{1} << bit;
        return found;
    }
    bool is_tag_found(std::uint32_t granule) {
        return is_found(small_region.region.offset + (granule + 1) / 8, (granule + 1) % 8);
    }
    static std::uint32_t granule_at(std::uint32_t offset) {
        return (offset - small_region.region.first_block()) / 8;
    }

    struct extent {
        std::uint32_t offset;
        std::uint32_t bytes;
    };
    std::unique_ptr<small_heap> heap_ = std::make_unique<small_heap>();
    std::byte* arena_ = nullptr;
    std::vector<extent> free_;
};

TEST_F(RegionDamage, EveryTagOfAFreeBlockIsSeen) {
    for (const extent& block : free_) {
        for (std::uint32_t at = 0; at < block.bytes / 8; ++at)
            EXPECT_TRUE(is_tag_found(granule_at(block.offset) + at)) << block.offset << '+' << at;
    }
}

TEST_F(RegionDamage, SoAreTheTagsAroundTheRegion) {
    EXPECT_TRUE(is_found(small_region.region.offset, 0)); // in front of the first granule
    EXPECT_TRUE(is_tag_found(small_region.region.granules));
    EXPECT_TRUE(is_tag_found(small_region.region.granules + 1));
}

TEST_F(RegionDamage, EveryBitThatAFreeBlockKeepsIsSeen) {
    for (const extent& block : free_) {
        for (std::uint32_t at = 0; at < 6; ++at) { // size and links
            for (unsigned bit = 0; bit < 8; ++bit)
                EXPECT_TRUE(is_found(block.offset + at, bit)) << block.offset << '+' << at;
        }
        for (std::uint32_t at = block.bytes - 2; at < block.bytes; ++at) { // its size again
            for (unsigned bit = 0; bit < 8; ++bit)
                EXPECT_TRUE(is_found(block.offset + at, bit)) << block.offset << '+' << at;
        }
    }
}

constexpr auto largest = drone::make_layout(1 << 24, drone::overflow::region);
using largest_heap = drone::heap<largest, drone::host::threads>;

TEST(Region, HoldsSixteenMiB) {
    const auto heap = std::make_unique<largest_heap>();
    heap->initialize();
    const std::size_t most = heap->largest_request();
    EXPECT_GT(most, 16'500'000U);
    void* const all = heap->allocate(most);
    ASSERT_NE(all, nullptr);
    EXPECT_EQ(heap->allocate(1), nullptr);
    EXPECT_EQ(heap->place_resized(all, most, 1000, 8), all);
    void* const rest = heap->allocate(most - 2000);
    EXPECT_NE(rest, nullptr);
    EXPECT_EQ(heap->block_size(all), 1000U);
    void* const aligned = heap->allocate(100, 512);
    ASSERT_NE(aligned, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(aligned) % 512, 0U);
    EXPECT_TRUE(heap->invariants_hold());
    for (void* const block : {all, rest, aligned})
        heap->deallocate(block);
    EXPECT_EQ(heap->largest_request(), most);
}

} // namespace

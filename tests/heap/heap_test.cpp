// SPDX-License-Identifier: MIT
#include <drone/heap.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>
#include <host/exclusive.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sys/mman.h>
#include <vector>

namespace {

constexpr auto small =
    drone::make_layout(1024, {{4, 3}, {8, 2}, {12, 2}, {32, 2}, {36, 1}, {64, 1}}, 16);

using small_heap = drone::heap<small, drone::host::threads>;

std::unique_ptr<small_heap> fresh() {
    auto heap = std::make_unique<small_heap>();
    heap->initialize();
    return heap;
}

class Heap : public testing::Test {
protected:
    void* take(std::size_t size, std::size_t alignment = drone::granule) {
        EXPECT_TRUE(heap_->invariants_hold());
        void* const block = heap_->allocate(size, alignment);
        EXPECT_TRUE(heap_->invariants_hold());
        return block;
    }
    void give_back(void* block) {
        heap_->deallocate(block);
        EXPECT_TRUE(heap_->invariants_hold());
    }
    [[nodiscard]] std::size_t block_of(void* block) const { return heap_->block_size(block); }

    std::unique_ptr<small_heap> heap_ = fresh();
};

TEST_F(Heap, ServesARequestFromTheFirstPoolThatFits) {
    EXPECT_EQ(block_of(take(1)), 4U);
    EXPECT_EQ(block_of(take(4)), 4U);
    EXPECT_EQ(block_of(take(5)), 8U);
    EXPECT_EQ(block_of(take(12)), 12U);
    EXPECT_EQ(block_of(take(13)), 32U);
    EXPECT_EQ(block_of(take(64)), 64U);
}

TEST_F(Heap, ServesAZeroSizeWithABlockOfItsOwn) {
    void* const first = take(0);
    void* const second = take(0);
    EXPECT_NE(first, nullptr);
    EXPECT_NE(first, second);
}

TEST_F(Heap, FallsOverToTheNextLargerPool) {
    take(8);
    take(8);
    EXPECT_EQ(block_of(take(8)), 12U);
}

TEST_F(Heap, AnswersNullWhenEveryPoolThatFitsIsExhausted) {
    take(33);
    take(33);
    EXPECT_EQ(take(33), nullptr);
    EXPECT_NE(take(32), nullptr);
}

TEST_F(Heap, AnswersNullToWhatIsLargerThanEveryBlock) {
    EXPECT_EQ(take(65), nullptr);
    EXPECT_EQ(take(SIZE_MAX), nullptr);
    EXPECT_EQ(take(SIZE_MAX, 4096), nullptr);
}

TEST_F(Heap, HonoursAlignmentOrRefuses) {
    for (const std::size_t alignment : {1U, 2U, 4U, 8U, 16U}) {
        void* const block = take(4, alignment);
        ASSERT_NE(block, nullptr) << alignment;
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0U);
    }
    EXPECT_EQ(take(4, 32), nullptr);
    EXPECT_EQ(take(4, 4096), nullptr);
    EXPECT_EQ(take(4, std::size_t{1} << 63U), nullptr);
}

TEST_F(Heap, AnAlignedRequestSkipsPoolsThatAreNot) {
    EXPECT_EQ(block_of(take(12, 8)), 32U);
    EXPECT_EQ(block_of(take(33, 16)), 64U);
}

TEST_F(Heap, ResizesInPlaceWithinTheSizesOfAPool) {
    void* const block = take(13);
    EXPECT_EQ(drone::resize(*heap_, block, 13, 32), block);
    EXPECT_EQ(drone::resize(*heap_, block, 32, 13), block);
}

TEST_F(Heap, AShrunkBlockMovesDownWithItsContentWhereAPoolHasRoom) {
    void* const block = take(64);
    std::memcpy(block, "abcd", 4);
    void* const moved = drone::resize(*heap_, block, 64, 3);
    EXPECT_EQ(block_of(moved), 4U);
    EXPECT_EQ(std::memcmp(moved, "abc", 3), 0);
    EXPECT_EQ(heap_->count_free(5), 1);
}

TEST_F(Heap, AShrunkBlockFallsOverAsFarAsToItsPlace) {
    void* const block = take(33);
    void* const in_between = take(30);
    take(30);
    EXPECT_EQ(drone::resize(*heap_, block, 33, 20), block); // the two of 32 are in use
    give_back(in_between);
    EXPECT_EQ(drone::resize(*heap_, block, 20, 20), in_between);
}

TEST_F(Heap, AResizeHonoursTheAlignmentAskedForNow) {
    void* const block = take(12); // aligned to 4
    void* const moved = drone::resize(*heap_, block, 12, 12, 8);
    EXPECT_EQ(block_of(moved), 32U);
}

TEST_F(Heap, MovesWithItsContentWhenTheBlockDoesNotFit) {
    void* const block = take(4);
    std::memcpy(block, "abcd", 4);
    void* const moved = drone::resize(*heap_, block, 4, 40);
    ASSERT_NE(moved, block);
    EXPECT_EQ(std::memcmp(moved, "abcd", 4), 0);
    EXPECT_EQ(heap_->count_free(0), 3);
}

TEST_F(Heap, AFailedGrowLeavesTheBlockAsItWas) {
    void* const block = take(4);
    std::memcpy(block, "abcd", 4);
    EXPECT_EQ(drone::resize(*heap_, block, 4, 65), nullptr);
    EXPECT_EQ(std::memcmp(block, "abcd", 4), 0);
    EXPECT_EQ(heap_->count_free(0), 2);
}

TEST_F(Heap, AnyAddressInABlockNamesItsPool) {
    auto* const block = static_cast<std::byte*>(take(64));
    EXPECT_EQ(heap_->block_size(block + 63), 64U);
}

// -- Against a plain model
// --------------------------------------------------------------------------

/// The heap's promise, said slowly: each pool a set of free offsets.
struct model {
    std::vector<std::int64_t> free_blocks;

    model() {
        for (const drone::pool_layout& pool : small.pools)
            free_blocks.push_back(pool.capacity);
    }
    std::optional<std::size_t> take(std::size_t size, std::size_t alignment) {
        for (std::size_t i = 0; i < free_blocks.size(); ++i) {
            if (small.pools[i].block >= size && small.pools[i].alignment >= alignment &&
                free_blocks[i] > 0) {
                --free_blocks[i];
                return i;
            }
        }
        return std::nullopt;
    }
};

std::size_t pool_at(const small_heap& heap, const void* block) {
    const std::uint32_t offset = heap.offset_of(block);
    for (std::size_t i = 0; i < small.pool_count; ++i) {
        const drone::pool_layout& pool = small.pools[i];
        if (offset >= pool.offset && offset < pool.end()) return i;
    }
    return small.pool_count;
}

struct live_block {
    unsigned char* address;
    std::size_t size;
    std::size_t alignment;
    unsigned char content;
};

bool intact(const live_block& block) {
    for (std::size_t i = 0; i < block.size; ++i) {
        if (block.address[i] != block.content) return false;
    }
    return true;
}

RC_GTEST_PROP(HeapProperty, AgreesWithAPlainModelOverAnySequence, ()) {
    const auto heap = fresh();
    model expected;
    std::vector<live_block> live;
    unsigned char content = 0;
    const auto steps =
        *rc::gen::container<std::vector<std::tuple<int, std::size_t, int, std::size_t>>>(
            rc::gen::tuple(
                rc::gen::inRange(0, 4),
                rc::gen::inRange<std::size_t>(0, 70),
                rc::gen::inRange(0, 6),
                rc::gen::arbitrary<std::size_t>()
            )
        );
    for (const auto& [what, size, log2, pick] : steps) {
        if (what <= 1) {
            const std::size_t alignment = std::size_t{1} << static_cast<unsigned>(log2);
            auto* const block = static_cast<unsigned char*>(heap->allocate(size, alignment));
            const auto pool = expected.take(size, alignment);
            RC_ASSERT((block != nullptr) == pool.has_value());
            if (block == nullptr) continue;
            RC_ASSERT(pool_at(*heap, block) == *pool);
            RC_ASSERT(reinterpret_cast<std::uintptr_t>(block) % alignment == 0U);
            std::memset(block, ++content, size);
            live.push_back({block, size, alignment, content});
        } else if (!live.empty()) {
            live_block& chosen = live[pick % live.size()];
            RC_ASSERT(intact(chosen));
            const std::size_t pool = pool_at(*heap, chosen.address);
            if (what == 2) {
                heap->deallocate(chosen.address);
                ++expected.free_blocks[pool];
                chosen = live.back();
                live.pop_back();
            } else {
                // As if it were given back and taken anew, but nothing comes in between.
                ++expected.free_blocks[pool];
                const auto target = expected.take(size, chosen.alignment);
                auto* const moved = static_cast<unsigned char*>(
                    drone::resize(*heap, chosen.address, chosen.size, size, chosen.alignment)
                );
                RC_ASSERT((moved != nullptr) == target.has_value());
                if (moved == nullptr) {
                    --expected.free_blocks[pool];
                    continue;
                }
                RC_ASSERT(pool_at(*heap, moved) == *target);
                RC_ASSERT((*target == pool) == (moved == chosen.address));
                RC_ASSERT(
                    intact({moved, std::min(size, chosen.size), chosen.alignment, chosen.content})
                );
                std::memset(moved, ++content, size);
                chosen = {moved, size, chosen.alignment, content};
            }
        }
        RC_ASSERT(heap->invariants_hold());
    }
    for (std::size_t i = 0; i < small.pool_count; ++i)
        RC_ASSERT(heap->count_free(i) == expected.free_blocks[i]);
}

/// Memory around an address whose lower 32 bits are 0: null's offset in it, cut to 32 bits, is one of
/// a block.
struct astride {
    static constexpr std::uintptr_t middle = std::uintptr_t{2} << 32U;
    static std::byte* base() noexcept { return reinterpret_cast<std::byte*>(middle - 128); }
};

TEST(HeapAnywhere, NullIsNoBlockOfIt) {
    constexpr std::size_t page = 4096;
    void* const wanted = reinterpret_cast<void*>(astride::middle - page);
    void* const memory = mmap(
        wanted,
        2 * page,
        PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
        -1,
        0
    );
    if (memory != wanted) GTEST_SKIP() << "something else is at that address";
    drone::heap<small, drone::host::threads, astride> heap;
    heap.initialize();
    std::vector<std::int64_t> free_blocks;
    for (std::size_t i = 0; i < small.pool_count; ++i)
        free_blocks.push_back(heap.count_free(i));
    heap.deallocate_or_null(nullptr);
    for (std::size_t i = 0; i < small.pool_count; ++i)
        EXPECT_EQ(heap.count_free(i), free_blocks[i]) << i;
    munmap(memory, 2 * page);
}

} // namespace

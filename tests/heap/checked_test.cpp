// SPDX-License-Identifier: MIT
#include <drone/declare.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <host/exclusive.hpp>
#include <memory>

void drone::heap_misused(misuse what, const void*) {
    static constexpr const char* names[] = {
        "not a block", "double free", "overrun", "write after free", "not initialized"
    };
    std::fprintf(stderr, "%s\n", names[static_cast<std::size_t>(what)]);
    std::_Exit(3);
}

namespace {

constexpr auto pools = drone::make_layout(512, {{8, 4}, {16, 4}, {40, 2}});

template <drone::check_level Level>
struct options {
    static constexpr const auto& layout = pools;
    using core = drone::host::threads;
    static constexpr drone::heap_settings settings{.checking = Level};
};

template <drone::check_level Level>
auto fresh() {
    auto heap = std::make_unique<drone::declared_heap<options<Level>>>();
    heap->initialize();
    return heap;
}

unsigned char* bytes(void* block) { return static_cast<unsigned char*>(block); }

const auto found = testing::ExitedWithCode(3);

TEST(CheapDeathTest, FindsPointersThatAreNoBlocks) {
    auto heap = fresh<drone::check_level::cheap>();
    auto* const block = bytes(heap->allocate(16));
    int elsewhere = 0;
    EXPECT_EXIT(heap->deallocate(&elsewhere), found, "not a block");
    EXPECT_EXIT(heap->deallocate(block + 4), found, "not a block");
    EXPECT_EXIT(heap->deallocate(nullptr), found, "not a block");
    EXPECT_EXIT(heap->deallocate(block - heap->offset_of(block) + 500), found, "not a block");
    heap->deallocate(block);
}

TEST(CheapDeathTest, FindsABlockOfAnotherHeap) {
    auto heap = fresh<drone::check_level::cheap>();
    auto other = fresh<drone::check_level::cheap>();
    void* const block = other->allocate(8);
    EXPECT_EXIT(heap->deallocate(block), found, "not a block");
}

TEST(FullDeathTest, FindsADoubleFree) {
    auto heap = fresh<drone::check_level::full>();
    void* const block = heap->allocate(10);
    void* const other = heap->allocate(10);
    heap->deallocate(block);
    heap->deallocate(other);
    EXPECT_EXIT(heap->deallocate(block), found, "double free");
}

TEST(FullDeathTest, FindsAnOverrunFromTheFirstByte) {
    for (const std::size_t size : {1U, 3U, 4U, 11U, 12U, 36U}) {
        auto heap = fresh<drone::check_level::full>();
        auto* const block = bytes(heap->allocate(size));
        block[size] = static_cast<unsigned char>(~block[size]);
        EXPECT_EXIT(heap->deallocate(block), found, "overrun") << size;
        EXPECT_EXIT((void)drone::resize(*heap, block, size, 1), found, "overrun") << size;
    }
}

TEST(FullDeathTest, FindsAWriteAfterFreeWhenTheBlockIsTakenAgain) {
    auto heap = fresh<drone::check_level::full>();
    auto* const block = bytes(heap->allocate(12));
    heap->deallocate(block);
    block[7] = 1;
    EXPECT_EXIT((void)heap->allocate(12), found, "write after free");
}

constexpr auto smallest_pools = drone::make_layout(64, {{4, 4}, {12, 2}});
struct smallest_options : options<drone::check_level::full> {
    static constexpr const auto& layout = smallest_pools;
};

// All of such a block is its tail.
TEST(FullDeathTest, TellsAnOverrunOfTheSmallestBlockFromADoubleFree) {
    auto heap = std::make_unique<drone::declared_heap<smallest_options>>();
    heap->initialize();
    auto* const block = bytes(heap->allocate(0));
    void* const other = heap->allocate(0);
    block[0] = static_cast<unsigned char>(~block[0]);
    EXPECT_EXIT(heap->deallocate(block), found, "overrun");
    heap->deallocate(other);
    EXPECT_EXIT(heap->deallocate(other), found, "double free");
}

TEST(FullDeathTest, FindsADoubleFreeOfABlockThatWasWritten) {
    auto heap = fresh<drone::check_level::full>();
    auto* const block = bytes(heap->allocate(12));
    heap->deallocate(block);
    block[0] = 1;
    EXPECT_EXIT(heap->deallocate(block), found, "double free");
}

// A program may write the very value that blocks are filled with: its own allocator on top may.
TEST(FullDeathTest, FindsTwoBytesOfAnyValue) {
    for (int value = 0; value < 256; ++value) {
        if (value % 16 > 1 && value / 16 != 0xD && value / 16 != 0xE) continue; // others are alike
        auto heap = fresh<drone::check_level::full>();
        auto* const block = bytes(heap->allocate(10));
        EXPECT_EXIT(
            {
                std::memset(block + 10, value, 2);
                heap->deallocate(block);
            },
            found,
            "overrun"
        ) << value;
        heap->deallocate(block);
        EXPECT_EXIT(
            {
                std::memset(block + 5, value, 2);
                (void)heap->allocate(10);
            },
            found,
            "write after free"
        ) << value;
    }
}

TEST(Full, ServesAsTheUncheckedHeapWithFourBytesMore) {
    auto heap = fresh<drone::check_level::full>();
    EXPECT_EQ(heap->block_size(heap->allocate(4)), 4U);
    EXPECT_EQ(heap->block_size(heap->allocate(5)), 5U) << "the rest is not the program's to write";
    EXPECT_EQ(heap->count_free(0), 3);
    EXPECT_EQ(heap->count_free(1), 3);
    EXPECT_EQ(heap->allocate(37), nullptr);
    EXPECT_EQ(heap->allocate(SIZE_MAX), nullptr);
    EXPECT_EQ(heap->allocate(SIZE_MAX - 3), nullptr);
}

TEST(Full, LetsAProgramThatKeepsToItsBlocksRun) {
    auto heap = fresh<drone::check_level::full>();
    for (int round = 0; round < 3; ++round) {
        void* block = heap->allocate(0);
        block = drone::resize(*heap, block, 0, 12);
        std::memset(block, 0xAA, 12);
        ASSERT_EQ(drone::resize(*heap, block, 12, 9), block);
        block = drone::resize(*heap, block, 9, 30);
        block = drone::resize(*heap, block, 30, 7);
        EXPECT_EQ(bytes(block)[6], 0xAA);
        heap->deallocate(block);
        EXPECT_TRUE(heap->invariants_hold());
    }
}

struct counted_options : options<drone::check_level::none> {
    static constexpr drone::heap_settings settings{.statistics = true};
};

TEST(Statistics, SayWhatEachPoolHolds) {
    auto heap = std::make_unique<drone::declared_heap<counted_options>>();
    heap->initialize();
    void* const a = heap->allocate(40);
    void* const b = heap->allocate(40);
    EXPECT_EQ(heap->allocate(40), nullptr);
    heap->deallocate(a);
    EXPECT_EQ(heap->statistics(2).used, 1U);
    EXPECT_EQ(heap->statistics(2).peak, 2U);
    EXPECT_EQ(heap->statistics(2).missed, 1U);
    EXPECT_EQ(heap->failures(), 1U);
    EXPECT_EQ(heap->statistics(0).peak, 0U);
    heap->deallocate(b);
}

struct counted_full_options : options<drone::check_level::full> {
    static constexpr drone::heap_settings settings{
        .checking = drone::check_level::full, .statistics = true
    };
};

TEST(Statistics, MissNothingWhereCheckingNeedsTheLargerPool) {
    auto heap = std::make_unique<drone::declared_heap<counted_full_options>>();
    heap->initialize();
    EXPECT_NE(heap->allocate(8), nullptr); // 12 bytes with its tail
    EXPECT_EQ(heap->statistics(0).missed, 0U);
    EXPECT_EQ(heap->statistics(1).used, 1U);
    EXPECT_EQ(heap->allocate(SIZE_MAX), nullptr);
    EXPECT_EQ(heap->statistics(0).missed + heap->statistics(1).missed, 0U);
}

constexpr auto counted_region = drone::make_layout(256, drone::overflow::region);
struct counted_region_options : counted_full_options {
    static constexpr const auto& layout = counted_region;
};

TEST(Statistics, CountABlockOfNoBytesOfTheRegion) {
    auto heap = std::make_unique<drone::declared_heap<counted_region_options>>();
    heap->initialize();
    void* const empty = heap->allocate(0);
    ASSERT_NE(empty, nullptr);
    EXPECT_EQ(heap->failures(), 0U);
    heap->deallocate(empty);
    EXPECT_EQ(heap->failures(), 0U);
    EXPECT_EQ(heap->statistics_of_region().used, 0U);
}

TEST(Statistics, CountAFallOverWhereItWasMissed) {
    auto heap = std::make_unique<drone::declared_heap<counted_options>>();
    heap->initialize();
    for (int i = 0; i < 5; ++i)
        EXPECT_NE(heap->allocate(8), nullptr);
    EXPECT_EQ(heap->statistics(0).used, 4U);
    EXPECT_EQ(heap->statistics(0).missed, 1U);
    EXPECT_EQ(heap->statistics(1).used, 1U);
    EXPECT_EQ(heap->failures(), 0U);
}

} // namespace

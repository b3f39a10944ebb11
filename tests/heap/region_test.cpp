// SPDX-License-Identifier: MIT
// The overflow region against a plain model: every block in a list, every granule looked at.
#include <drone/declare.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <host/exclusive.hpp>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace {

using drone::region_kind;

constexpr auto alone = drone::make_layout(4096, drone::overflow::region);
constexpr auto after_pools =
    drone::make_layout(8192, {{4, 3}, {24, 10}, {60, 5}}, 64, drone::overflow::region);
constexpr auto aligned_to_16 = drone::make_layout(600, {{12, 3}}, 16, drone::overflow::region);
constexpr auto aligned_to_512 = drone::make_layout(1000, {{20, 5}}, 512, drone::overflow::region);
// More granules than 16 bits number.
constexpr auto vast = drone::make_layout(1 << 20, drone::overflow::region);

template <const auto& Layout>
using heap_of = drone::heap<Layout, drone::host::threads>;

template <const auto& Layout>
std::unique_ptr<heap_of<Layout>> fresh() {
    auto heap = std::make_unique<heap_of<Layout>>();
    heap->initialize();
    return heap;
}

/// A heap, and what a program knows of it.
template <const auto& Layout>
class bookkeeper {
public:
    struct held {
        std::byte* block;
        std::size_t size;
        unsigned char fill;
    };

    explicit bookkeeper(std::uint32_t seed) : random_(seed) {}

    void allocate(std::size_t size, std::size_t alignment) {
        const std::size_t sure = heap_->largest_request();
        auto* const block = static_cast<std::byte*>(heap_->allocate(size, alignment));
        if (block == nullptr) {
            // Where no request is sure, one of no bytes may fail, too.
            if (alignment <= 8) {
                ASSERT_TRUE(sure == 0 || size > sure);
            }
            return;
        }
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0U);
        ASSERT_LE(size, heap_->block_size(block));
        if (heap_->in_region(block)) {
            ASSERT_EQ(reinterpret_cast<std::uintptr_t>(block) % 8, 0U);
            // At most what was asked for, rounded up, and two granules: less is not a block.
            ASSERT_LE(heap_->block_size(block), std::max<std::size_t>(16, (size + 7) / 8 * 8) + 8);
        }
        keep(block, size);
    }

    void deallocate(std::size_t which) {
        take_out(which);
        heap_->deallocate(gone_.block);
    }

    void resize(std::size_t which, std::size_t size) {
        take_out(which);
        const std::size_t before = heap_->block_size(gone_.block);
        const bool may_give_tail_back = heap_->may_give_tail_back(gone_.block, size, 4);
        void* const resized = drone::resize(*heap_, gone_.block, gone_.size, size);
        if (may_give_tail_back) {
            ASSERT_EQ(resized, gone_.block);
            ASSERT_LE(heap_->block_size(resized), before);
        } else if (resized == gone_.block && heap_->in_region(resized)) {
            ASSERT_GE(heap_->block_size(resized), before);
        }
        if (resized == nullptr) {
            ASSERT_GT(size, gone_.size);
            ASSERT_EQ(heap_->block_size(gone_.block), before);
            keep(gone_.block, gone_.size);
            return;
        }
        const auto kept = static_cast<std::ptrdiff_t>(std::min(size, gone_.size));
        auto* const bytes = static_cast<std::byte*>(resized);
        ASSERT_TRUE(std::all_of(bytes, bytes + kept, [&](std::byte byte) {
            return byte == std::byte{gone_.fill};
        }));
        ASSERT_LE(size, heap_->block_size(resized));
        keep(bytes, size);
    }

    /// Compares the region's own view with ours.
    void verify() const {
        ASSERT_TRUE(heap_->invariants_hold());
        std::map<std::uint32_t, std::uint32_t> used; // payload's offset to bytes, by the walk
        std::uint32_t next = Layout.region.first_block();
        ASSERT_TRUE(heap_->for_each_region_block(
            [&](region_kind kind, std::uint32_t offset, std::uint32_t bytes) {
                ASSERT_EQ(offset, next);
                next = offset + bytes;
                if (kind == region_kind::used) {
                    const std::uint32_t header = bytes > 56 * 8 ? 8 : 0;
                    used.emplace(offset + header, bytes - header);
                }
            }
        ));
        ASSERT_EQ(next, Layout.region.end());
        std::size_t in_region = 0;
        for (const held& h : held_) {
            ASSERT_TRUE(heap_->is_block(h.block));
            if (!heap_->in_region(h.block)) continue;
            ++in_region;
            const auto found = used.find(heap_->offset_of(h.block));
            ASSERT_NE(found, used.end());
            ASSERT_EQ(found->second, heap_->block_size(h.block));
        }
        ASSERT_EQ(in_region, used.size());
    }

    /// Asks about every granule.
    void verify_kinds() const {
        std::map<std::uint32_t, region_kind> begins;
        heap_->for_each_region_block([&](region_kind kind, std::uint32_t offset, std::uint32_t bytes
                                     ) {
            const bool header = kind == region_kind::used && bytes > 56 * 8;
            begins.emplace(offset + (header ? 8 : 0), kind);
        });
        const std::byte* const base = arena();
        for (std::uint32_t offset = 0; offset < Layout.size + 64; offset += 4) {
            const auto found = begins.find(offset);
            ASSERT_EQ(
                heap_->region_kind_of(base + offset),
                found == begins.end() ? region_kind::none : found->second
            ) << offset;
        }
    }

    void check_contents() const {
        for (const held& h : held_)
            check(h);
    }

    void step() {
        const unsigned what = random_() % 8;
        if (held_.empty() || what < 3) {
            allocate(some_size(), std::size_t{4} << (random_() % 16 == 0 ? random_() % 8 : 0));
        } else if (what < 6) {
            deallocate(random_() % held_.size());
        } else {
            resize(random_() % held_.size(), some_size());
        }
    }

    [[nodiscard]] std::size_t count() const { return held_.size(); }
    void give_all_back() {
        while (!held_.empty())
            deallocate(held_.size() - 1);
    }
    [[nodiscard]] heap_of<Layout>& heap() { return *heap_; }

private:
    std::size_t some_size() {
        switch (random_() % 8) {
        case 0:
            return random_() % (Layout.size / 2);
        case 1:
            return 400 + random_() % 100; // where headers begin
        default:
            return random_() % 100;
        }
    }

    [[nodiscard]] const std::byte* arena() const {
        if (held_.empty()) return reinterpret_cast<const std::byte*>(heap_.get());
        return held_.front().block - heap_->offset_of(held_.front().block);
    }

    void keep(std::byte* block, std::size_t size) {
        const auto fill = static_cast<unsigned char>(random_());
        std::memset(block, fill, size);
        const std::size_t whole = heap_->block_size(block);
        if (heap_->in_region(block)) {
            // Past what was asked for, what a user may write who knows the block's size: the worst
            // for a right neighbour is what looks like a free block's size.
            for (std::size_t at = (size + 1) / 2 * 2; at + 2 <= whole; at += 2) {
                const auto forged = static_cast<std::uint16_t>(random_() % (Layout.size / 8));
                std::memcpy(block + at, &forged, sizeof forged);
            }
        }
        held_.push_back({block, size, fill});
    }

    void take_out(std::size_t which) {
        std::swap(held_[which], held_.back());
        gone_ = held_.back();
        held_.pop_back();
        check(gone_);
    }

    static void check(const held& h) {
        ASSERT_TRUE(std::all_of(h.block, h.block + h.size, [&](std::byte byte) {
            return byte == std::byte{h.fill};
        }));
    }

    std::mt19937 random_;
    std::unique_ptr<heap_of<Layout>> heap_ = fresh<Layout>();
    std::vector<held> held_;
    held gone_{};
};

template <const auto& Layout>
void live(std::uint32_t seed, unsigned steps, unsigned kinds_every) {
    bookkeeper<Layout> books(seed);
    for (unsigned i = 0; i < steps; ++i) {
        books.step();
        if (testing::Test::HasFatalFailure()) return;
        books.verify();
        if (kinds_every != 0 && i % kinds_every == 0 && books.count() != 0) books.verify_kinds();
        ASSERT_FALSE(testing::Test::HasFatalFailure()) << "step " << i;
    }
    books.check_contents();
    books.give_all_back();
    books.verify();
    EXPECT_EQ(books.heap().largest_request(), (Layout.region.granules - 1) * 8);
}

TEST(Region, AgreesWithAPlainModelWhateverItIsAsked) {
    for (std::uint32_t seed = 0; seed < 4; ++seed)
        live<alone>(seed, 200'000, 100);
}

TEST(Region, SoItDoesBehindPools) {
    for (std::uint32_t seed = 0; seed < 2; ++seed)
        live<after_pools>(seed, 100'000, 100);
}

TEST(Region, AndInSmallArenasOfAnyAlignment) {
    live<aligned_to_16>(1, 20'000, 100);
    live<aligned_to_512>(1, 20'000, 100);
}

TEST(Region, AndWithMoreGranulesThanSixteenBitsNumber) { live<vast>(1, 3'000, 1'000); }

RC_GTEST_PROP(Region, KeepsItsPromisesForAnySequence, ()) {
    bookkeeper<alone> books(1);
    const auto steps = *rc::gen::container<std::vector<std::array<unsigned, 2>>>(
        rc::gen::container<std::array<unsigned, 2>>(rc::gen::inRange(0U, 1000U))
    );
    for (const auto& [what, size] : steps) {
        if (books.count() == 0 || what % 3 == 0) {
            books.allocate(size, std::size_t{1} << (what % 10));
        } else if (what % 3 == 1) {
            books.deallocate(what % books.count());
        } else {
            books.resize(what % books.count(), size);
        }
        books.verify();
        RC_ASSERT(!testing::Test::HasFatalFailure());
    }
}

TEST(Region, ServesUpToItsLastGranule) {
    const auto heap = fresh<alone>();
    const std::size_t most = (alone.region.granules - 1) * 8;
    EXPECT_EQ(heap->largest_request(), most);
    EXPECT_EQ(heap->allocate(most + 1), nullptr);
    void* const block = heap->allocate(most);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(heap->largest_request(), 0U);
    EXPECT_EQ(heap->allocate(0), nullptr);
    heap->deallocate(block);
    EXPECT_EQ(heap->largest_request(), most);
    EXPECT_EQ(heap->allocate(SIZE_MAX), nullptr);
    EXPECT_EQ(heap->allocate(8, std::size_t{1} << 63U), nullptr);
}

TEST(Region, TakesLittleBesidesTheBlocks) {
    // 16 MiB: a bit a granule.
    constexpr auto whole = drone::place_region(0, 1 << 24);
    static_assert(whole.end() <= 1 << 24);
    EXPECT_GT(whole.granules * 8, (1 << 24) / 65.0 * 64 - 32);
    // The granules are 8-aligned wherever the pools end, and nothing lies beyond the heap.
    for (std::uint32_t begin = 0; begin < 32; begin += 4) {
        for (std::uint32_t end = begin; end < begin + 2000; ++end) {
            const auto place = drone::place_region(begin, end);
            if (place.granules == 0) {
                EXPECT_LT(end - begin, 40U);
                continue;
            }
            EXPECT_GE(place.offset, begin);
            EXPECT_EQ(place.first_block() % 8, 0U);
            EXPECT_LE(place.end(), end);
            EXPECT_GT(place.granules * 8 + place.tag_bytes + 8 + 16, end - begin);
        }
    }
}

TEST(Region, HonoursEveryPowerOfTwo) {
    const auto heap = fresh<vast>();
    std::vector<void*> blocks;
    for (std::size_t alignment = 1; alignment <= 65536; alignment *= 2) {
        for (const std::size_t size : {1U, 100U, 440U, 441U, 5000U}) {
            void* const block = heap->allocate(size, alignment);
            ASSERT_NE(block, nullptr) << alignment;
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0U);
            EXPECT_LE(heap->block_size(block), (size + 7) / 8 * 8 + 16);
            blocks.push_back(block);
        }
        ASSERT_TRUE(heap->invariants_hold());
    }
    for (void* const block : blocks)
        heap->deallocate(block);
    EXPECT_EQ(heap->largest_request(), (vast.region.granules - 1) * 8);
}

TEST(Region, GrowsInPlaceIntoAFreeNeighbourAndGivesTheTailBack) {
    const auto heap = fresh<alone>();
    void* const first = heap->allocate(1000);
    const std::size_t before = heap->largest_request();
    EXPECT_EQ(heap->place_resized(first, 1000, 2000, 8), first);
    EXPECT_EQ(heap->largest_request(), before - 1000);
    EXPECT_EQ(heap->place_resized(first, 2000, 1000, 8), first);
    EXPECT_EQ(heap->largest_request(), before);
    void* const second = heap->allocate(100);
    void* const moved = heap->place_resized(first, 1000, 1001, 8);
    EXPECT_NE(moved, first);
    heap->deallocate(moved);
    EXPECT_EQ(heap->place_resized(second, 100, 300, 8), second);
    EXPECT_EQ(heap->place_resized(second, 300, 17, 8), second);
    EXPECT_EQ(heap->block_size(second), 24U);
    // What has no header cannot grow to what has one.
    EXPECT_NE(heap->place_resized(second, 17, 441, 8), second);
    EXPECT_TRUE(heap->invariants_hold());
}

TEST(Region, ShrinksALongBlockAsFarAsItIsKnownByItsLength) {
    const auto heap = fresh<alone>();
    void* const block = heap->allocate(2000);
    EXPECT_EQ(heap->place_resized(block, 2000, 1, 8), block);
    EXPECT_EQ(heap->block_size(block), 448U);
    EXPECT_EQ(heap->region_kind_of(block), region_kind::used);
    EXPECT_TRUE(heap->invariants_hold());
}

TEST(Region, APoolServesItsSizesAndTheRegionTheOthers) {
    const auto heap = fresh<after_pools>();
    EXPECT_EQ(heap->pool_of(heap->allocate(4)), 0U);
    EXPECT_EQ(heap->pool_of(heap->allocate(16)), 3U);
    EXPECT_EQ(heap->pool_of(heap->allocate(17)), 1U);
    EXPECT_EQ(heap->pool_of(heap->allocate(24)), 1U);
    EXPECT_EQ(heap->pool_of(heap->allocate(25)), 3U);
    EXPECT_EQ(heap->pool_of(heap->allocate(57)), 2U);
    EXPECT_EQ(heap->pool_of(heap->allocate(61)), 3U);
    // 60 is aligned to 4.
    EXPECT_EQ(heap->pool_of(heap->allocate(57, 8)), 3U);
}

TEST(Region, ServesWhatFindsItsPoolExhausted) {
    const auto heap = fresh<after_pools>();
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(heap->pool_of(heap->allocate(60)), 2U);
    void* const block = heap->allocate(60);
    EXPECT_EQ(heap->pool_of(block), 3U);
    EXPECT_EQ(heap->block_size(block), 64U);
}

TEST(Region, WhatItCannotServeFails) {
    // Larger pools keep their blocks for what they were cut for.
    const auto heap = fresh<after_pools>();
    while (heap->allocate(1) != nullptr) {
        ASSERT_TRUE(heap->invariants_hold());
    }
    EXPECT_EQ(heap->largest_request(), 0U);
    EXPECT_EQ(heap->count_free(0), 0);
    EXPECT_EQ(heap->count_free(2), 5);
}

TEST(Region, KnowsGarbageFromBlocks) {
    const auto heap = fresh<alone>();
    int local = 0;
    EXPECT_FALSE(heap->is_block(nullptr));
    EXPECT_FALSE(heap->is_block(&local));
    EXPECT_FALSE(heap->is_block(reinterpret_cast<void*>(UINTPTR_MAX)));
    void* const block = heap->allocate(100);
    EXPECT_TRUE(heap->is_block(block));
    heap->deallocate(block);
    EXPECT_FALSE(heap->is_block(block));
    EXPECT_EQ(heap->region_kind_of(block), region_kind::free);
}

// -- Layers above
// -----------------------------------------------------------------------------------

constexpr auto checked_pools =
    drone::make_layout(8192, {{4, 3}, {24, 10}, {60, 5}}, 64, drone::overflow::region);
template <drone::check_level Level>
using checked_heap = drone::checked<
    drone::heap<
        checked_pools,
        drone::host::threads,
        drone::embedded_arena<checked_pools.size, checked_pools.alignment>,
        drone::link_place::last_word>,
    Level>;

const auto found = testing::ExitedWithCode(3);

template <class Heap>
std::unique_ptr<Heap> started() {
    auto heap = std::make_unique<Heap>();
    heap->initialize();
    return heap;
}

template <class Heap>
void serves_and_counts(Heap& heap) {
    void* const small = heap.allocate(20);
    void* const large = heap.allocate(1000);
    EXPECT_FALSE(heap.in_region(small));
    EXPECT_TRUE(heap.in_region(large));
    void* const grown = drone::resize(heap, large, 1000, 1500, 8);
    EXPECT_EQ(grown, large);
    heap.deallocate(small);
    heap.deallocate(grown);
    EXPECT_TRUE(heap.invariants_hold());
}

TEST(RegionChecked, LetsSoundProgramsThrough) {
    const auto cheap = started<checked_heap<drone::check_level::cheap>>();
    serves_and_counts(*cheap);
    const auto full = started<checked_heap<drone::check_level::full>>();
    serves_and_counts(*full);
}

TEST(RegionCheckedDeathTest, FindsWhatIsNoBlockOrGivenBackTwice) {
    const auto heap = started<checked_heap<drone::check_level::cheap>>();
    auto* const large = static_cast<std::byte*>(heap->allocate(1000));
    auto* const small = static_cast<std::byte*>(heap->allocate(100));
    int elsewhere = 0;
    for (void* const wrong :
         std::initializer_list<void*>{large + 8, large - 8, small + 8, small + 4, &elsewhere})
        EXPECT_EXIT(heap->deallocate(wrong), found, "not a block");
    heap->deallocate(large);
    heap->deallocate(small);
    EXPECT_EXIT(heap->deallocate(small), found, "not a block"); // now the inner of a free block
    void* const again = heap->allocate(100);
    heap->deallocate(again);
    EXPECT_EXIT(heap->deallocate(again), found, "double free");
}

TEST(RegionCheckedDeathTest, FindsAnOverrunFromTheFirstByte) {
    for (const std::size_t size : {9U, 30U, 437U, 1000U}) {
        const auto heap = started<checked_heap<drone::check_level::full>>();
        auto* const block = static_cast<unsigned char*>(heap->allocate(size, 8));
        ASSERT_TRUE(heap->in_region(block));
        block[size] = static_cast<unsigned char>(~block[size]);
        EXPECT_EXIT(heap->deallocate(block), found, "overrun") << size;
    }
}

TEST(RegionCounted, KnowsWhatTheRegionHasServed) {
    const auto heap = started<drone::counted<heap_of<after_pools>>>();
    serves_and_counts(*heap);
    EXPECT_EQ(heap->statistics_of_region().used, 0U);
    EXPECT_EQ(heap->statistics_of_region().peak, 1504U);
    EXPECT_EQ(heap->statistics(1).peak, 1U);
    EXPECT_EQ(heap->failures(), 0U);
    EXPECT_EQ(heap->allocate(8000), nullptr);
    EXPECT_EQ(heap->failures(), 1U);
    void* blocks[11];
    for (void*& block : blocks)
        block = heap->allocate(24);
    EXPECT_TRUE(heap->in_region(blocks[10]));
    EXPECT_EQ(heap->statistics(1).missed, 1U);
    EXPECT_EQ(heap->statistics_of_region().used, 24U);
}

/// A core with an interrupt at the end of each masked stretch.
struct preempted {
    using free_list = drone::host::threads::free_list;

    struct critical_section {
        critical_section() { ++depth; }
        ~critical_section() {
            if (--depth == 0) interrupt();
        }
        critical_section(const critical_section&) = delete;
        critical_section& operator=(const critical_section&) = delete;
    };

    static inline int depth = 0;
    static inline std::function<void()> interrupt = [] {};
};

constexpr auto narrow = drone::make_layout(2200, drone::overflow::region);

TEST(RegionCounted, CountsNoTailForTwo) {
    const auto heap = started<drone::counted<drone::heap<narrow, preempted>>>();
    void* const block = heap->allocate(2000);
    void* taken = nullptr;
    bool busy = false;
    preempted::interrupt = [&] { // takes the tail as soon as it is free
        if (taken != nullptr || std::exchange(busy, true)) return;
        taken = heap->allocate(900);
        busy = false;
    };
    EXPECT_EQ(heap->place_resized(block, 2000, 1000, 8), block);
    preempted::interrupt = [] {};
    ASSERT_NE(taken, nullptr);
    EXPECT_LE(heap->statistics_of_region().peak, narrow.region.granules * 8);
    heap->deallocate(taken);
    heap->deallocate(block);
    EXPECT_EQ(heap->statistics_of_region().used, 0U);
}

} // namespace

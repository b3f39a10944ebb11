// SPDX-License-Identifier: MIT
#include <drone/declare.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <host/exclusive.hpp>
#include <memory>
#include <type_traits>
#include <vector>

namespace {

using drone::wire::control;
using drone::wire::operation;
using drone::wire::word;

constexpr auto pools = drone::make_layout(512, {{4, 3}, {12, 20}, {64, 2}}, 16);

/// Port 31 as a vector.
struct recorder {
    static inline bool listening = true;
    static inline std::vector<word> words;

    static bool enabled(unsigned port) noexcept { return listening && port == 31; }
    static bool ready(unsigned) noexcept { return true; }
    static void write(unsigned, std::uint32_t value) noexcept { words.push_back({value}); }
    static void write(unsigned, std::uint8_t) noexcept {}
};

struct untraced_options {
    static constexpr const auto& layout = pools;
    using core = drone::host::threads;
    static constexpr drone::heap_settings settings{};
};

struct traced_options : untraced_options {
    using carrier = recorder;
    static constexpr drone::heap_settings settings{.trace_port = 31};
};

static_assert(std::is_same_v<
              drone::declared_heap<untraced_options>,
              drone::heap<pools, drone::host::threads>>);

class Trace : public testing::Test {
protected:
    using heap = drone::declared_heap<traced_options>;

    void SetUp() override {
        recorder::listening = true;
        recorder::words.clear();
        heap_->initialize();
    }

    /// The words since the last call, without announcements.
    static std::vector<word> events() {
        std::vector<word> result;
        for (const word w : recorder::words) {
            if (w.is_event()) result.push_back(w);
        }
        recorder::words.clear();
        return result;
    }
    static std::vector<word> announcements() {
        std::vector<word> result;
        for (const word w : recorder::words) {
            if (w.op() == operation::control && w.as_control() == control::begin)
                result.push_back(w);
        }
        return result;
    }

    void* take(std::size_t size, std::size_t alignment = drone::granule) {
        void* const block = heap_->allocate(size, alignment);
        EXPECT_NE(block, nullptr);
        return block;
    }

    std::unique_ptr<heap> heap_ = std::make_unique<heap>();
};

TEST_F(Trace, AnAllocationIsTheOffsetOfItsLastByte) {
    void* const block = heap_->allocate(10);
    EXPECT_THAT(
        events(),
        testing::ElementsAre(drone::wire::event(operation::allocate, 0, heap_->offset_of(block) + 9)
        )
    );
}

TEST_F(Trace, ADeallocationIsTheOffsetOfTheBlock) {
    void* const block = heap_->allocate(10);
    events();
    const std::uint32_t offset = heap_->offset_of(block);
    heap_->deallocate(block);
    EXPECT_THAT(
        events(), testing::ElementsAre(drone::wire::event(operation::deallocate, 1, offset))
    );
}

TEST_F(Trace, AResizeInPlaceIsOneEventAndAMovedOneIsTwo) {
    void* const block = heap_->allocate(5);
    events();
    ASSERT_EQ(drone::resize(*heap_, block, 5, 12), block);
    EXPECT_THAT(
        events(),
        testing::ElementsAre(drone::wire::event(operation::resize, 1, heap_->offset_of(block) + 11))
    );
    void* const moved = drone::resize(*heap_, block, 12, 13);
    EXPECT_THAT(
        events(),
        testing::ElementsAre(
            drone::wire::event(operation::allocate, 2, heap_->offset_of(moved) + 12),
            drone::wire::event(operation::deallocate, 3, heap_->offset_of(block))
        )
    );
}

TEST_F(Trace, AFailureSaysWhatWasAsked) {
    EXPECT_EQ(heap_->allocate(65), nullptr);
    EXPECT_EQ(heap_->allocate(SIZE_MAX), nullptr);
    EXPECT_THAT(
        events(),
        testing::ElementsAre(
            drone::wire::event(operation::failed, 0, 65),
            drone::wire::event(operation::failed, 1, 0xFF'FFFF)
        )
    );
}

TEST_F(Trace, AFailureSaysItsAlignmentFirst) {
    EXPECT_EQ(heap_->allocate(20, 64), nullptr);
    const word failed = drone::wire::event(operation::failed, 0, 20);
    ASSERT_GE(recorder::words.size(), 2U);
    EXPECT_EQ(recorder::words.back(), failed);
    const word before = recorder::words[recorder::words.size() - 2];
    EXPECT_EQ(drone::wire::alignment_log2(before, failed), 6U);
    EXPECT_EQ(
        drone::wire::alignment_log2(before, drone::wire::event(operation::allocate_aligned, 0, 20)),
        0U
    );
}

TEST_F(Trace, AlignmentOfEightIsInTheEventAndMoreGoesBefore) {
    take(4, 8);
    EXPECT_EQ(events().front().op(), operation::allocate_aligned);
    recorder::words.clear();
    take(4, 16);
    ASSERT_EQ(recorder::words.size(), 2U);
    EXPECT_EQ(recorder::words[0], drone::wire::make_alignment(4, recorder::words[1]));
    EXPECT_EQ(recorder::words[1].op(), operation::allocate_aligned);
}

TEST_F(Trace, BeginsWithTheLayout) {
    take(4);
    const auto layout = drone::wire::announce(pools);
    std::vector<word> expected(std::begin(layout.at), std::end(layout.at));
    expected.push_back(drone::wire::make_control(control::checkpoint, 0));
    std::uint32_t sum = layout.seed;
    for (const word w : expected)
        sum = drone::wire::digest(sum, w);
    expected.push_back(drone::wire::make_digest(sum));
    ASSERT_EQ(recorder::words.size(), expected.size() + 1);
    recorder::words.pop_back();
    EXPECT_EQ(recorder::words, expected);
}

TEST_F(Trace, AnnouncesAndChecksAgainForLessThanOneWordInAHundred) {
    for (int i = 0; i < 100'000; ++i)
        heap_->deallocate(heap_->allocate(4));
    const auto begins = announcements();
    ASSERT_GT(begins.size(), 2U);
    EXPECT_EQ(drone::wire::decode_begin(begins[0]).flags, 0U);
    EXPECT_EQ(drone::wire::decode_begin(begins[1]).flags, drone::wire::flag_continues);
    const std::size_t all = recorder::words.size();
    EXPECT_EQ(events().size(), 200'000U);
    EXPECT_LT(all - 200'000, all / 100);
}

TEST_F(Trace, SaysWhenItWasNotHeardForAWhile) {
    take(4);
    recorder::listening = false;
    void* const unseen = heap_->allocate(4);
    recorder::listening = true;
    recorder::words.clear();
    heap_->deallocate(unseen);
    const auto begins = announcements();
    ASSERT_EQ(begins.size(), 1U);
    EXPECT_EQ(drone::wire::decode_begin(begins[0]).flags, 0U);
}

TEST_F(Trace, IsSilentWhenNobodyListens) {
    recorder::listening = false;
    heap_->deallocate(heap_->allocate(4));
    EXPECT_EQ(heap_->allocate(65), nullptr);
    EXPECT_TRUE(recorder::words.empty());
}

/// A probe went away and left the port enabled, but the whole switched off.
struct abandoned {
    static bool enabled(unsigned) noexcept { return true; }
    static bool running() noexcept { return false; }
    static bool ready(unsigned) noexcept { return false; }
    static void write(unsigned, std::uint32_t) noexcept {}
    static void write(unsigned, std::uint8_t) noexcept {}
};

struct abandoned_options : untraced_options {
    using carrier = abandoned;
    static constexpr drone::heap_settings settings{.trace_port = 31};
};

TEST(AbandonedTrace, DoesNotHoldTheProgramUp) {
    const auto heap = std::make_unique<drone::declared_heap<abandoned_options>>();
    heap->initialize();
    heap->deallocate(heap->allocate(4));
    EXPECT_TRUE(heap->invariants_hold());
}

// -- A tracer of the project's own
// ------------------------------------------------------------------

struct counting_tracer {
    static inline int allocs, deallocs, grows, shrinks, failures;
    static bool listening() noexcept { return true; }
    void trace_alloc(std::uint32_t, std::size_t, std::size_t) noexcept { ++allocs; }
    void trace_dealloc(std::uint32_t) noexcept { ++deallocs; }
    void trace_grow_in_place(std::uint32_t, std::size_t, std::size_t) noexcept { ++grows; }
    void trace_shrink_in_place(std::uint32_t, std::size_t, std::size_t) noexcept { ++shrinks; }
    void trace_failed(std::size_t, std::size_t) noexcept { ++failures; }
};

TEST(OwnTracer, IsToldOfEveryOperationOnce) {
    auto heap = std::make_unique<drone::declared_heap<untraced_options, counting_tracer>>();
    heap->initialize();
    void* block = heap->allocate(5);
    block = drone::resize(*heap, block, 5, 12);
    block = drone::resize(*heap, block, 12, 6);
    EXPECT_EQ(heap->allocate(1000), nullptr);
    heap->deallocate(block);
    EXPECT_EQ(counting_tracer::allocs, 1);
    EXPECT_EQ(counting_tracer::grows, 1);
    EXPECT_EQ(counting_tracer::shrinks, 1);
    EXPECT_EQ(counting_tracer::failures, 1);
    EXPECT_EQ(counting_tracer::deallocs, 1);
}

} // namespace

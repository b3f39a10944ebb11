// SPDX-License-Identifier: MIT

#include "trace_writer.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace drone::trace {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(NativeTrace, CountsBlocksBySizeAsked) {
    native_writer w;
    w.announce();
    w.allocate(0, 0, 1).allocate(1, 0, 12).allocate(1, 1, 12).deallocate(1, 0).allocate(1, 0, 9);
    const reading r(w.bytes());
    EXPECT_THAT(
        r.usage.rows(),
        ElementsAre(
            usage::size_usage{1, 1, 1}, usage::size_usage{9, 1, 1}, usage::size_usage{12, 2, 2}
        )
    );
    EXPECT_EQ(r.usage.maximum_usage(), 1 + 9 + 24);
    EXPECT_EQ(r.usage.peak_bytes(), 25);
    EXPECT_EQ(r.found.gaps, 0);
}

TEST(NativeTrace, EndsABlocksTimeAtItsOldSizeWhenItIsResized) {
    native_writer w;
    w.announce().allocate(2, 0, 20).resize(2, 0, 40).deallocate(2, 0);
    const reading r(w.bytes());
    EXPECT_THAT(
        r.usage.rows(), ElementsAre(usage::size_usage{20, 1, 1}, usage::size_usage{40, 1, 1})
    );
    EXPECT_EQ(r.usage.peak_bytes(), 40);
}

TEST(NativeTrace, CountsWhatWasLost) {
    native_writer w;
    w.announce().allocate(1, 0, 12).allocate(1, 1, 12);
    w.lose(5).allocate(1, 2, 12);
    const reading r(w.bytes());
    EXPECT_EQ(r.found.lost_events, 5);
    EXPECT_EQ(r.found.gaps, 1);
}

/// A program that does the same over and over. Its words repeat with their numbers, every 32 events.
class looping_writer : public native_writer {
public:
    looping_writer& loop(std::uint32_t count) {
        for (; count != 0; --count) {
            if (events % 2 == 0)
                allocate(1, 0, 12);
            else
                deallocate(1, 0);
        }
        return *this;
    }
};

TEST(NativeTrace, CountsWhatALoopLostAndTakesNoneOfItForDataThatWasSentTwice) {
    for (std::uint32_t lost = 1; lost <= 100; ++lost) {
        SCOPED_TRACE(lost);
        looping_writer w;
        w.announce();
        w.loop(200).checkpoint();
        w.loop(300); // up to here there are enough words that a copy could be of
        const std::size_t kept = w.words.size();
        w.loop(lost);
        w.words.resize(kept);
        w.loop(200).checkpoint();
        w.loop(100).checkpoint();
        const findings found = reading(w.bytes()).found;
        EXPECT_EQ(found.lost_events, lost);
        EXPECT_GE(found.gaps, 1U);
        EXPECT_LE(found.gaps, 2U); // whole turns of the numbers are found at the next check
        EXPECT_EQ(found.repeated, 0U);
        EXPECT_EQ(found.damaged, 0U);
        EXPECT_EQ(found.double_frees + found.contradictions, 0U);
    }
}

TEST(NativeTrace, CountsWhatOfALoopWasSentTwice) {
    for (std::uint32_t twice = 1; twice < wire::sequence_period; ++twice) {
        SCOPED_TRACE(twice);
        looping_writer w;
        w.announce();
        w.loop(200).checkpoint();
        w.loop(300);
        const std::vector<wire::word> copy(w.words.end() - twice, w.words.end());
        w.words.insert(w.words.end(), copy.begin(), copy.end());
        w.loop(200).checkpoint();
        w.loop(100).checkpoint();
        const findings found = reading(w.bytes()).found;
        EXPECT_EQ(found.repeated, twice);
        EXPECT_EQ(found.lost_events, 0U);
        EXPECT_EQ(found.damaged, 0U);
        EXPECT_EQ(found.double_frees + found.contradictions, 0U);
    }
}

TEST(NativeTrace, LearnsTheLayoutFromALaterAnnouncement) {
    native_writer w;
    w.events = 100;
    w.allocate(1, 0, 12).deallocate(1, 3).announce().deallocate(1, 0);
    const reading r(w.bytes());
    EXPECT_THAT(r.usage.rows(), ElementsAre(usage::size_usage{12, 1, 1}));
    EXPECT_EQ(r.found.freed_unknown, 1);
    EXPECT_EQ(r.found.double_frees, 0);
}

/// A program that takes a block of that heap and gives it back, without a check after it.
template <bool HasRegion, std::size_t PoolCount>
std::string of_one_block(const heap_layout<PoolCount>& layout, std::uint32_t offset) {
    native_writer w;
    const auto announcement = wire::announce<HasRegion>(layout);
    w.digest = w.heap_seed = announcement.seed;
    for (const wire::word word : announcement.at)
        w.send(word);
    w.checkpoint();
    return w.event(wire::operation::allocate, offset).bytes();
}

TEST(NativeTrace, LooksForNoBlockOfAHeapInTheOneBefore) {
    static constexpr auto large = make_layout<1>(1U << 20U, {{64, 16384}});
    static constexpr auto small = [] {
        heap_layout<0> made;
        made.size = 64;
        made.alignment = 8;
        made.region = {.offset = 0, .tag_bytes = 0, .granules = 64 / region_granule};
        return made;
    }();
    // Offsets in both heaps, and beyond the second one: what lies after its map must not be read.
    for (std::uint32_t offset = 0; offset < large.size; offset += 4096) {
        SCOPED_TRACE(offset);
        const reading r(of_one_block<false>(large, 63) + of_one_block<true>(small, offset));
        EXPECT_EQ(r.found.double_frees, 0);
        EXPECT_THAT(r.usage.rows(), Contains(usage::size_usage{64, 1, 1}));
    }
}

TEST(NativeTrace, ReportsADoubleFreeOnceACheckpointConfirmsThatNothingWasLost) {
    native_writer w;
    w.announce().allocate(1, 0, 12).deallocate(1, 0).deallocate(1, 0);
    EXPECT_EQ(reading(w.bytes()).found.double_frees, 0);
    EXPECT_EQ(reading(w.bytes()).found.suspected_double_frees, 1);
    w.checkpoint();
    EXPECT_EQ(reading(w.bytes()).found.double_frees, 1);
}

TEST(NativeTrace, SaysWhereTheFirstDoubleFreeIs) {
    native_writer w;
    w.announce().allocate(1, 2, 12).deallocate(1, 2).deallocate(1, 2).checkpoint();
    const auto first = reading(w.bytes()).found.first_double_free;
    ASSERT_TRUE(first);
    EXPECT_EQ(first->event, 3U);
    EXPECT_EQ(first->block, "block 2 of the pool of 12 bytes, at 0x2d8 of the heap");
}

TEST(NativeTrace, ReportsWhatADoubleFreeDoesToTheHeap) {
    native_writer w;
    w.announce().allocate(1, 0, 12).deallocate(1, 0).deallocate(1, 0);
    w.allocate(1, 0, 12).allocate(1, 0, 12).checkpoint();
    const reading r(w.bytes());
    EXPECT_EQ(r.found.double_frees, 1);
    EXPECT_EQ(r.found.contradictions, 1);
    EXPECT_EQ(r.found.gaps, 0);
}

TEST(NativeTrace, NeverTakesALostAllocationForADoubleFree) {
    native_writer w;
    w.announce().allocate(1, 0, 12).deallocate(1, 0);
    w.lose(32); // whole turns of the sequence number
    w.deallocate(1, 0).checkpoint();
    const reading r(w.bytes());
    EXPECT_EQ(r.found.double_frees, 0);
    EXPECT_EQ(r.found.lost_events, 32);
}

TEST(NativeTrace, SuspectsAFailureThatADamagedWordMayHaveMade) {
    native_writer w;
    w.announce().allocate(1, 0, 12).deallocate(1, 0).event(wire::operation::failed, 300);
    const std::size_t freed = w.words.size() - 2;
    const reading unchecked(w.bytes());
    EXPECT_EQ(unchecked.found.failures, 1);
    EXPECT_EQ(unchecked.found.suspected_failures, 0) << "the end of a capture is not damage";
    w.checkpoint().event(wire::operation::failed, 500).checkpoint();
    const reading whole(w.bytes());
    EXPECT_EQ(whole.found.failures, 2);
    EXPECT_EQ(whole.found.suspected_failures, 0);
    w.words[freed].bits ^= 2U << 29U; // a deallocation becomes a failed request
    const reading damaged(w.bytes());
    EXPECT_EQ(damaged.found.failures, 3);
    EXPECT_EQ(damaged.found.suspected_failures, 2) << "of the stretch that does not agree";
}

/// Announcements and hardly an event, as of listeners that are given up: the bytes of many builds look
/// like numbered events where words do not begin.
std::string given_up_early(std::uint32_t identity) {
    native_writer w;
    w.identity = identity;
    for (const std::size_t cut : {0U, 7U, 3U, 0U, 4U, 2U, 0U, 1U}) {
        w.events = 0;
        w.announce().allocate(1, 0, 12);
        w.words.resize(w.words.size() - cut);
    }
    return w.bytes();
}

TEST(NativeTrace, IsReadWhereItsAnnouncementIsWhateverTheBuildIs) {
    for (std::uint32_t build = 1; build <= 1024; ++build) {
        const std::uint32_t identity = build * 0x9E37'79B1U >> 8U;
        SCOPED_TRACE(identity);
        const findings found = reading(given_up_early(identity)).found;
        EXPECT_EQ(found.damaged, 0U);
        EXPECT_EQ(found.events, 3U);
        EXPECT_EQ(found.double_frees + found.contradictions, 0U);
        EXPECT_THAT(found.identities, ElementsAre(identity));
    }
}

TEST(NativeTrace, IsReadWhereItsAnnouncementIsIfItsFileWasCutOffInsideAWord) {
    for (const std::size_t cut : {1U, 2U, 3U, 5U, 41U}) {
        SCOPED_TRACE(cut);
        const findings found = reading(given_up_early(0x5E9A'C1).substr(cut)).found;
        EXPECT_EQ(found.damaged, 1U);
        EXPECT_EQ(found.events, 3U);
        EXPECT_THAT(found.notices, Contains(HasSubstr("begins inside a word")));
    }
}

/// What a sink gets of a trace, one change after the other.
struct recorded_changes final : sink {
    using row = std::tuple<block_number, std::uint32_t, std::uint32_t, unsigned, bool>;

    void on_changes(std::span<const change> changes) override {
        for (const change& c : changes)
            rows.emplace_back(c.block, c.size, c.caller, c.alignment_log2, c.gives_back);
    }
    std::vector<row> rows;
};

/// Takes and gives back blocks at random. `callers` of 100 events say who asks.
class random_program {
public:
    explicit random_program(unsigned seed) : random_(seed) { writer.announce(); }

    void run(int events, unsigned callers) {
        for (; events != 0; --events) {
            if (random_() % 100 < callers) say_caller();
            const std::uint32_t block = below(48);
            if (const std::uint32_t size = std::exchange(sizes_[block], 0); size != 0)
                give_back(block, size);
            else
                take(block);
            caller_ = 0;
            if (events % 512 == 0) writer.checkpoint();
        }
        writer.checkpoint();
    }

    native_writer writer;
    std::vector<recorded_changes::row> expected;

private:
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_()) % limit;
    }
    void say_caller() {
        do { // the last one counts
            caller_ = 0x0800'0000 + 2 * below(1000);
            writer.send(wire::caller(caller_));
        } while (below(50) == 0);
    }
    void take(std::uint32_t block) {
        constexpr std::uint32_t largest[] = {4, 12, 40};
        const std::uint32_t size = 1 + below(largest[block / 16]);
        const bool is_aligned = block >= 16 && below(2) == 0;
        const auto op = is_aligned ? wire::operation::allocate_aligned : wire::operation::allocate;
        writer.event(op, native_writer::first_byte(block / 16, block % 16) + size - 1);
        expected.emplace_back(block_number{block}, size, caller_, is_aligned ? 3U : 2U, false);
        alignments_[block] = is_aligned ? 3 : 2;
        sizes_[block] = size;
    }
    void give_back(std::uint32_t block, std::uint32_t size) {
        writer.deallocate(block / 16, block % 16);
        expected.emplace_back(block_number{block}, size, caller_, alignments_[block], true);
    }

    std::mt19937 random_;
    std::array<std::uint32_t, 48> sizes_{}; ///< 0: free
    std::array<unsigned, 48> alignments_{};
    std::uint32_t caller_ = 0;
};

TEST(NativeTrace, SaysWhoAskedForEveryEventHoweverManyTell) {
    for (unsigned seed = 0; seed < 20; ++seed) {
        SCOPED_TRACE(seed);
        random_program program(seed);
        for (const unsigned callers : {0U, 100U, 50U, 99U, 100U, 1U})
            program.run(1500, callers);
        const temporary_file file(program.writer.bytes());
        const auto from = source::open(file.path());
        ASSERT_TRUE(from);
        recorded_changes all;
        const auto found = from->read(all);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->damaged + found->gaps + found->unchecked_events, 0U);
        EXPECT_TRUE(all.rows == program.expected);
    }
}

TEST(NativeTrace, OfANewerVersionIsRefusedInOneLine) {
    auto announcement = wire::announce(native_writer::layout);
    announcement.at[0] = wire::make_begin(
        {.version = wire::version + 1, .flags = 0, .size = 0, .alignment = 8, .pool_count = 3}
    );
    std::uint32_t sum = 0;
    std::vector<wire::word> words(std::begin(announcement.at), std::end(announcement.at));
    words.resize(words.size() - 2); // identity, end
    for (const wire::word w : words)
        sum = wire::checksum(sum, w);
    words.push_back(wire::make_control(wire::control::layout_end, sum));
    const temporary_file file(bytes_of(words));
    const auto from = source::open(file.path());
    ASSERT_FALSE(from);
    EXPECT_THAT(
        from.error().message, ::testing::HasSubstr(fmt::format("version {}", wire::version + 1))
    );
}

} // namespace
} // namespace drone::trace

// SPDX-License-Identifier: MIT

// What a digest proves: a stretch of words is believed as it was sent, and in no other way.

#include "trace/formats/native/checks.hpp"
#include "trace/formats/native/native.hpp"
#include "trace_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace drone::trace {
namespace {

using words = std::vector<wire::word>;

TEST(DigestOfManyWords, IsThatOfOneAfterTheOther) {
    std::mt19937 random(1);
    for (const std::size_t count : {0U, 1U, 63U, 255U, 256U, 257U, 511U, 512U, 1000U, 5000U}) {
        SCOPED_TRACE(count);
        words all(count);
        std::uint32_t expected = static_cast<std::uint32_t>(random());
        const std::uint32_t first = expected;
        for (wire::word& w : all) {
            w.bits = static_cast<std::uint32_t>(random());
            expected = wire::digest(expected, w);
        }
        EXPECT_EQ(digest(first, std::as_bytes(std::span(all))), expected);
    }
}

TEST(PlainWords, EndBeforeTheFirstThatSaysSomethingOfTheTrace) {
    std::mt19937 random(2);
    for (int run = 0; run < 2000; ++run) {
        words all(random() % 300);
        for (wire::word& w : all)
            do
                w.bits = static_cast<std::uint32_t>(random());
            while ((w.op() == wire::operation::control || w.op() == wire::operation::capture) &&
                   random() % 256 != 0);
        plain_words expected;
        for (const wire::word w : all) {
            if (!w.is_event() && w.op() != wire::operation::caller) break;
            ++expected.count;
            if (w.op() == wire::operation::caller) ++expected.callers;
        }
        const plain_words found = count_plain(std::as_bytes(std::span(all)));
        EXPECT_EQ(found.count, expected.count);
        EXPECT_EQ(found.callers, expected.callers);
    }
}

/// An announcement, then a stretch with a word of every kind.
class Digest : public testing::Test {
protected:
    Digest() {
        writer_.announce();
        begin_ = writer_.words.size();
        writer_.send(wire::make_control(wire::control::context, 15));
        for (std::uint32_t i = 0; i < 6; ++i) {
            writer_.send(wire::caller(0x0800'0100 + 4 * i));
            writer_.allocate(1, i, 5 + i);
        }
        writer_.resize(1, 2, 12).deallocate(1, 4).event(wire::operation::failed, 4000);
        writer_.checkpoint();
        sent_.assign(writer_.words.begin() + begin(), writer_.words.end());
    }

    /// How the reader takes these words in place of the stretch that was sent.
    [[nodiscard]] stretch taken(const words& arrived) const {
        words all(writer_.words.begin(), writer_.words.begin() + begin());
        all.insert(all.end(), arrived.begin(), arrived.end());
        const std::string text = bytes_of(all);
        const auto bytes = std::as_bytes(std::span(text));
        return stretch_finder(bytes).next(
            begin_ * sizeof(wire::word), known_.value_or(*find_announcement(bytes)), 0
        );
    }
    [[nodiscard]] bool is_believed(const words& arrived) const {
        const stretch found = taken(arrived);
        return found.proven && found.twice.empty();
    }
    [[nodiscard]] std::ptrdiff_t begin() const { return static_cast<std::ptrdiff_t>(begin_); }

    native_writer writer_;
    std::size_t begin_ = 0;
    words sent_;
    std::optional<announced_trace> known_{}; ///< where it is not what the trace says
};

TEST_F(Digest, ProvesAStretchAsItWasSent) {
    EXPECT_TRUE(is_believed(sent_));
    EXPECT_EQ(taken(sent_).count, 9U);
}

TEST_F(Digest, ProvesItWithTheCapturesOwnWordsInBetween) {
    words arrived;
    for (const wire::word w : sent_) {
        arrived.push_back(wire::make_gap(wire::gap_reason::overflow, 0));
        arrived.push_back(wire::make_capture(wire::capture::target_ticks, 7));
        arrived.push_back(w);
    }
    EXPECT_TRUE(is_believed(arrived));
}

TEST_F(Digest, SeesEveryFlippedBit) {
    for (std::size_t at = 0; at < sent_.size(); ++at) {
        for (std::uint32_t bit = 0; bit < 32; ++bit) {
            words arrived = sent_;
            arrived[at].bits ^= 1U << bit;
            EXPECT_FALSE(is_believed(arrived)) << "bit " << bit << " of word " << at;
        }
    }
}

TEST_F(Digest, SeesEveryPairOfFlippedBitsOfNeighbours) {
    for (std::size_t at = 0; at + 2 < sent_.size(); ++at) {
        for (std::uint32_t pair = 0; pair < 32 * 32; ++pair) {
            words arrived = sent_;
            arrived[at].bits ^= 1U << pair / 32;
            arrived[at + 1].bits ^= 1U << pair % 32;
            ASSERT_FALSE(is_believed(arrived)) << "bits " << pair << " of word " << at;
        }
    }
}

TEST_F(Digest, SeesAWordThatIsMissingMovedOrReplaced) {
    for (std::size_t at = 0; at + 1 < sent_.size(); ++at) {
        words missing = sent_;
        missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(at));
        EXPECT_FALSE(is_believed(missing)) << at;
        for (std::size_t other = at + 1; other + 1 < sent_.size(); ++other) {
            words moved = sent_;
            std::swap(moved[at], moved[other]);
            EXPECT_FALSE(is_believed(moved)) << at << ", " << other;
            words replaced = sent_;
            replaced[at] = sent_[other];
            EXPECT_FALSE(is_believed(replaced)) << at << ", " << other;
        }
    }
    EXPECT_FALSE(is_believed({sent_.back()}));
    EXPECT_FALSE(is_believed(words(sent_.begin(), sent_.end() - 1)));
    EXPECT_FALSE(is_believed({}));
}

TEST_F(Digest, LeavesOutWhatStandsTwiceAndOnlyThat) {
    for (std::size_t first = 0; first + 1 < sent_.size(); ++first) {
        for (std::size_t last = first + 1; last < sent_.size(); ++last) {
            const auto from = sent_.begin() + static_cast<std::ptrdiff_t>(first);
            const auto to = sent_.begin() + static_cast<std::ptrdiff_t>(last);
            words arrived(sent_.begin(), to);
            arrived.insert(arrived.end(), from, sent_.end());
            const stretch found = taken(arrived);
            EXPECT_TRUE(found.proven) << first << " to " << last;
            EXPECT_EQ(found.twice.end - found.twice.begin, (last - first) * sizeof(wire::word));
        }
    }
}

TEST_F(Digest, BelongsToItsLayout) {
    const std::string text = writer_.bytes();
    known_ = find_announcement(std::as_bytes(std::span(text)));
    known_->seed ^= 1;
    EXPECT_FALSE(is_believed(sent_));
}

} // namespace
} // namespace drone::trace

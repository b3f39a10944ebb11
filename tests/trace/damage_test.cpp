// SPDX-License-Identifier: MIT

// Native traces of random programs, damaged at random: words cut off, dropped, doubled, flipped.
// The generator knows the truth; whatever the damage, the reader says nothing false.

#include "trace/formats/native/native.hpp"
#include "trace_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace drone::trace {
namespace {

using block_sizes = std::map<std::uint32_t, std::uint32_t>; ///< live blocks: number to size asked

/// A program that takes, resizes and gives back blocks at random; interrupts do the same between
/// any two words. The trace is what its target would send.
class random_program {
public:
    static constexpr auto layout = native_writer::layout;

    explicit random_program(std::uint32_t seed) : random_(seed) {
        digests_ = chance(2);
        callers_ = chance(4);
        contexts_ = chance(4);
        frees_twice_ = chance(4);
        period_ = 8 + below(60);
        live_at[0] = {};
        const std::uint32_t events = 20 + below(400);
        while (count_ < events) {
            busy_ = UINT32_MAX;
            act();
        }
        if (chance(2)) announce();
    }

    std::vector<wire::word> words;
    std::map<std::uint64_t, block_sizes> live_at; ///< by count of events, at control words
    std::uint64_t double_frees = 0;
    [[nodiscard]] bool digests() const { return digests_; }

    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_() % limit);
    }
    bool chance(std::uint32_t one_in) { return below(one_in) == 0; }

private:
    void control(wire::word w) {
        words.push_back(w);
        live_at[count_] = live_;
        if (in_interrupt_ || !chance(20)) return;
        in_interrupt_ = true;
        act();
        in_interrupt_ = false;
    }

    void announce() {
        auto announcement = wire::announce(layout);
        const std::uint32_t flags =
            (count_ == 0 ? 0 : wire::flag_continues) | (digests_ ? wire::flag_digests : 0);
        announcement.at[0] = wire::with_flags(announcement.at[0], flags);
        for (const wire::word w : announcement.at)
            control(w);
        control(wire::make_control(wire::control::checkpoint, static_cast<std::uint32_t>(count_)));
        if (!digests_) return;
        control(wire::make_digest(std::exchange(digest_, 0)));
    }

    void event(wire::operation op, std::uint32_t data) {
        if (count_ % period_ == 0) announce();
        if (contexts_ && chance(5)) send(wire::make_control(wire::control::context, below(20)));
        if (callers_) send(wire::caller(0x0800'0000 + 2 * below(100)));
        send(wire::event(op, static_cast<std::uint32_t>(count_), data));
        ++count_;
    }

    void send(wire::word w) {
        words.push_back(w);
        digest_ = wire::digest(digest_, w);
    }

    void act() {
        const std::uint32_t pool = below(layout.pool_count);
        const std::uint32_t index = below(layout.pools[pool].capacity);
        const std::uint32_t block = pool * 100 + index;
        if (block == busy_) return; // of the call that an interrupt came into
        if (!in_interrupt_) busy_ = block;
        const std::uint32_t first = native_writer::first_byte(pool, index);
        const std::uint32_t size = 1 + below(layout.pools[pool].block);
        if (!live_.contains(block) && (!chance(3) || !frees_twice_ || !freed_.contains(block))) {
            event(
                chance(2) ? wire::operation::allocate : wire::operation::allocate_aligned,
                first + size - 1
            );
            live_[block] = size;
        } else if (live_.contains(block) && chance(8)) {
            event(wire::operation::resize, first + size - 1);
            live_[block] = size;
        } else {
            event(wire::operation::deallocate, first);
            if (live_.erase(block) == 0) ++double_frees;
            freed_.insert(block);
        }
    }

    std::mt19937 random_;
    bool digests_ = false;
    bool callers_ = false;
    bool contexts_ = false;
    bool frees_twice_ = false;
    bool in_interrupt_ = false;
    std::uint32_t busy_ = UINT32_MAX; ///< block
    std::uint32_t period_ = 0;
    std::uint64_t count_ = 0;
    std::uint32_t digest_ = 0;
    block_sizes live_;
    std::set<std::uint32_t> freed_;
};

/// Checks that changes fit each other, and keeps what is said of the end.
class checking_sink final : public sink {
public:
    void on_changes(std::span<const change> changes) override {
        for (const change& c : changes) {
            if (c.gives_back) {
                const auto found = live_.find(c.block);
                ASSERT_NE(found, live_.end()) << "block " << c.block << " is not live";
                EXPECT_EQ(found->second, c.size);
                live_.erase(found);
            } else {
                EXPECT_TRUE(live_.emplace(c.block, c.size).second) << c.block << " is live";
            }
        }
    }
    void on_heap(const traced_heap& heap) override { heap_ = heap; }
    void on_live(const change& taken, bool certain) override {
        EXPECT_EQ(live_.at(taken.block), taken.size);
        if (certain) certain_[taken.block] = taken.size;
    }

    /// Blocks that are certainly live, numbered as the generator does.
    [[nodiscard]] block_sizes certain() const {
        block_sizes numbered;
        for (const auto& [block, size] : certain_)
            for (std::uint32_t p = 0; p < heap_.pools.size(); ++p)
                if (block >= heap_.pools[p].first_block &&
                    block < heap_.pools[p].first_block + heap_.pools[p].capacity)
                    numbered[p * 100 + block - heap_.pools[p].first_block] = size;
        return numbered;
    }

private:
    block_sizes live_;
    block_sizes certain_;
    traced_heap heap_;
};

struct outcome {
    findings found;
    block_sizes certain;
};

/// Nothing when the bytes hold no announcement.
std::optional<outcome> read(const std::string& bytes) {
    const auto as_bytes = std::as_bytes(std::span(bytes));
    const auto first = find_announcement(as_bytes);
    if (!first) return std::nullopt;
    checking_sink sink;
    outcome out{.found = read_native(as_bytes, *first, sink), .certain = {}};
    out.certain = sink.certain();
    return out;
}

void expect_nothing_false(const outcome& out, const random_program& truth) {
    EXPECT_LE(out.found.double_frees, truth.double_frees);
    if (out.certain.empty()) return;
    const auto then = truth.live_at.find(out.found.checked_until);
    ASSERT_NE(then, truth.live_at.end()) << out.found.checked_until;
    for (const auto& [block, size] : out.certain) {
        const auto live = then->second.find(block);
        ASSERT_NE(live, then->second.end()) << "block " << block << " is no leak";
        EXPECT_EQ(live->second, size);
    }
}

constexpr std::uint32_t cases = 10'000;

TEST(DamagedTrace, SaysNothingFalseWhateverIsCutDroppedDoubledOrFlipped) {
    for (std::uint32_t seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        random_program truth(seed);
        std::string bytes = bytes_of(truth.words);
        bool provable = true; // flips are seen by digests only
        for (std::uint32_t hits = 1 + truth.below(4); hits-- > 0 && bytes.size() > 64;) {
            const std::size_t words = bytes.size() / 4;
            const std::size_t at = truth.below(static_cast<std::uint32_t>(words - 8));
            const std::size_t length = 1 + truth.below(truth.chance(3) ? 80 : 4);
            switch (truth.below(4)) {
            case 0: { // dropped; parts of words make words that only a digest sees
                const std::size_t part =
                    truth.digests() && truth.chance(4) ? 1 + truth.below(3) : 0;
                bytes.erase(at * 4 + part, length * 4 - part);
                break;
            }
            case 1: // doubled
                bytes.insert(at * 4, bytes.substr(at * 4, 4 * (1 + truth.below(3))));
                break;
            case 2: { // cut off; at the front in the middle of a word, as above
                const std::size_t cut = truth.below(200) % bytes.size();
                if (truth.chance(2))
                    bytes.resize(bytes.size() - cut);
                else
                    bytes.erase(0, truth.digests() ? cut : cut & ~std::size_t{3});
                break;
            }
            default: // flipped
                provable = truth.digests();
                for (std::size_t i = 0; i < 1 + length % 3; ++i)
                    bytes[truth.below(static_cast<std::uint32_t>(bytes.size()))] ^=
                        static_cast<char>(1U << truth.below(8));
                break;
            }
        }
        const auto out = read(bytes);
        if (out && provable) expect_nothing_false(*out, truth);
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(DamagedTrace, CountsExactlyHowManyEventsWereDropped) {
    for (std::uint32_t seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        random_program truth(seed);
        // One stretch of words within the trace, with two checkpoints behind it.
        std::vector<wire::word> words = truth.words;
        std::size_t last = words.size();
        for (int checkpoints = 0; last > 0 && checkpoints < 2;)
            if (const wire::word w = words[--last];
                w.op() == wire::operation::control && w.as_control() == wire::control::checkpoint)
                ++checkpoints;
        if (last < 80) continue;
        const auto from =
            static_cast<std::ptrdiff_t>(40 + truth.below(static_cast<std::uint32_t>(last - 60)));
        const std::ptrdiff_t length = std::min<std::ptrdiff_t>(
            1 + truth.below(100), static_cast<std::ptrdiff_t>(last) - 12 - from
        );
        if (length <= 0) continue;
        const auto dropped = std::span(words).subspan(
            static_cast<std::size_t>(from), static_cast<std::size_t>(length)
        );
        const auto events = std::ranges::count_if(dropped, &wire::word::is_event);
        words.erase(words.begin() + from, words.begin() + from + length);
        const auto out = read(bytes_of(words));
        ASSERT_TRUE(out);
        EXPECT_EQ(out->found.lost_events, static_cast<std::uint64_t>(events));
        EXPECT_EQ(out->found.damaged, 0);
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(DamagedTrace, IsReadWholeWhenNothingIsDamaged) {
    std::uint64_t double_frees = 0;
    std::uint64_t leaks = 0;
    for (std::uint32_t seed = 0; seed < 1000; ++seed) {
        SCOPED_TRACE(seed);
        const random_program truth(seed);
        const auto out = read(bytes_of(truth.words));
        ASSERT_TRUE(out);
        EXPECT_EQ(out->found.lost_events, 0);
        EXPECT_EQ(out->found.damaged, 0);
        EXPECT_EQ(out->found.gaps, 0);
        EXPECT_EQ(out->found.double_frees + out->found.suspected_double_frees, truth.double_frees);
        expect_nothing_false(*out, truth);
        double_frees += out->found.double_frees;
        leaks += out->certain.size();
        if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(double_frees, 100);
    EXPECT_GT(leaks, 1000);
}

} // namespace
} // namespace drone::trace

// SPDX-License-Identifier: MIT

// Native traces of random programs, damaged at random: words cut off, dropped, doubled, flipped.
// The generator knows the truth; whatever the damage, the reader says nothing false.

#include "damage.hpp"
#include "trace/formats/native/native.hpp"
#include "trace/formats/native/version_1.hpp"
#include "trace_writer.hpp"

#include <drone/region_code.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace drone::trace {
namespace {

/// Live blocks to size asked. Blocks of pools are pool * 100 + index; those of the region count on
/// from 300 by the unit in which they begin.
using block_sizes = std::map<std::uint32_t, std::uint32_t>;

enum class dialect : std::uint8_t { version_1_without_digests, version_1, version_2 };

/// A program that takes, resizes and gives back blocks at random; interrupts do the same between
/// any two words. It is started anew now and then, and may then have other pools. The trace is what
/// its target would send.
class random_program {
public:
    explicit random_program(std::uint32_t seed, std::uint32_t boots = 1) : random_(seed) {
        dialect_ = chance(2)   ? dialect::version_2
                   : chance(3) ? dialect::version_1_without_digests
                               : dialect::version_1;
        callers_ = chance(4);
        contexts_ = chance(4);
        frees_twice_ = chance(4);
        period_ = 8 + below(60);
        while (boots-- > 0)
            boot();
        if (chance(2)) check(chance(2));
    }

    std::vector<wire::word> words;
    /// By count of events, at control words, of each start.
    std::multimap<std::uint64_t, block_sizes> live_at;
    std::uint64_t double_frees = 0;
    [[nodiscard]] bool digests() const { return dialect_ != dialect::version_1_without_digests; }
    [[nodiscard]] bool is_version_2() const { return dialect_ == dialect::version_2; }

    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_() % limit);
    }
    bool chance(std::uint32_t one_in) { return below(one_in) == 0; }

private:
    static constexpr std::array layouts{
        native_writer::layout,
        make_layout<3>(4096, {{4, 32}, {16, 16}, {40, 16}}),
        make_layout<3>(4096, {{4, 16}, {12, 16}, {40, 17}}),
    };
    /// So large that most sizes have no room in an event of the region.
    static constexpr auto with_region =
        make_layout<3>(1 << 20, {{4, 16}, {12, 16}, {40, 16}}, default_alignment, overflow::region);
    static constexpr wire::region_code code{
        with_region.region.first_block(), with_region.size, with_region.alignment
    };
    static constexpr std::uint32_t slots = 16;      ///< where blocks of the region may begin
    static constexpr std::uint32_t slot_units = 48; ///< of 8 bytes

    void boot() {
        layout_ = is_version_2() && chance(2) ? with_region
                                              : layouts[chance(2) ? 0 : below(layouts.size())];
        live_.clear();
        freed_.clear();
        count_ = 0;
        digest_ = seed();
        live_at.emplace(0, block_sizes{});
        const std::uint32_t events = 20 + below(400);
        while (count_ < events) {
            busy_ = UINT32_MAX;
            act();
        }
    }

    [[nodiscard]] bool has_region() const { return layout_.region.granules != 0; }

    [[nodiscard]] std::uint32_t seed() const {
        if (has_region()) return wire::announce<true>(layout_).seed;
        return is_version_2() ? wire::announce(layout_).seed : 0;
    }

    /// A check, with an announcement or without. Whoever preempts carries on where it is.
    void check(bool whole) {
        if (due_.empty()) {
            const std::uint32_t flags = count_ == 0 ? 0 : wire::flag_continues;
            if (count_ == 0) digest_ = seed();
            if (whole) {
                const std::uint32_t more = digests() ? wire::flag_digests_1 : 0;
                if (has_region())
                    for (const wire::word w : wire::announce<true>(layout_, flags).at)
                        due_.push_back(w);
                else if (is_version_2())
                    for (const wire::word w : wire::announce(layout_, flags).at)
                        due_.push_back(w);
                else
                    for (const wire::word w : announce_1(layout_, flags | more))
                        due_.push_back(w);
            }
            // Made when they are sent.
            due_.push_back(wire::make_control(wire::control::checkpoint, 0));
            if (digests()) due_.push_back(wire::make_digest(0));
        }
        while (!due_.empty()) {
            const wire::word w = due_.front();
            due_.pop_front();
            control(w);
        }
    }

    void control(wire::word w) {
        if (w.is_control(wire::control::checkpoint))
            w = wire::make_control(wire::control::checkpoint, static_cast<std::uint32_t>(count_));
        if (w.is_control(wire::control::digest)) {
            const std::uint32_t sum = std::exchange(digest_, seed());
            w = is_version_2() ? wire::make_digest(sum) : version_1::make_digest(sum);
        } else if (is_version_2()) {
            digest_ = wire::digest(digest_, w);
        }
        words.push_back(w);
        live_at.emplace(count_, live_);
        if (in_interrupt_ || !chance(20)) return;
        in_interrupt_ = true;
        act();
        in_interrupt_ = false;
    }

    /// `size`: bytes, where the event has no room for them.
    void event(wire::operation op, std::uint32_t data, std::uint32_t size = 0) {
        if (count_ % period_ == 0) check(count_ % (4 * period_) == 0);
        if (contexts_ && chance(5)) send(wire::make_control(wire::control::context, below(20)));
        if (callers_) send(wire::caller(0x0800'0000 + 2 * below(100)));
        if (size > code.size_limit()) send(wire::make_control(wire::control::size, size));
        send(wire::event(op, static_cast<std::uint32_t>(count_), data));
        ++count_;
    }

    void send(wire::word w) {
        words.push_back(w);
        digest_ = is_version_2() ? wire::digest(digest_, w) : version_1::digest(digest_, w);
    }

    void act_in_region() {
        const std::uint32_t slot = below(slots);
        if (300 + slot == busy_) return;
        if (!in_interrupt_) busy_ = 300 + slot;
        std::uint32_t& begins = begins_in_[slot];
        const bool is_live = live_.contains(300 + begins);
        if (!is_live) begins = slot * slot_units + below(slot_units / 2);
        const std::uint32_t first = code.first() + 8 * begins;
        const std::uint32_t size = 1 + below(slot_units / 2 * 8);
        if (is_live && !chance(8)) {
            event(wire::operation::deallocate, first);
            live_.erase(300 + begins);
            return;
        }
        wire::operation what = wire::operation::resize;
        if (!is_live)
            what = chance(2) ? wire::operation::allocate : wire::operation::allocate_aligned;
        event(what, code.encode(first, size), size);
        live_[300 + begins] = size;
    }

    void act() {
        if (has_region() && chance(2)) return act_in_region();
        const std::uint32_t pool = below(layout_.pool_count);
        const pool_layout& of = layout_.pools[pool];
        const std::uint32_t index = below(of.capacity);
        const std::uint32_t block = pool * 100 + index;
        if (block == busy_) return; // of the call that an interrupt came into
        if (!in_interrupt_) busy_ = block;
        const std::uint32_t first = of.offset + index * of.block;
        const std::uint32_t size = 1 + below(of.block);
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
    heap_layout<3> layout_;
    dialect dialect_ = dialect::version_2;
    bool callers_ = false;
    bool contexts_ = false;
    bool frees_twice_ = false;
    bool in_interrupt_ = false;
    std::uint32_t busy_ = UINT32_MAX; ///< block
    std::uint32_t period_ = 0;
    std::uint64_t count_ = 0;
    std::uint32_t digest_ = 0;
    std::deque<wire::word> due_;
    std::array<std::uint32_t, slots> begins_in_{}; ///< the last block of each slot, units
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
                ASSERT_NE(found, live_.end())
                    << "block " << std::to_underlying(c.block) << " is not live";
                EXPECT_EQ(found->second, c.size);
                live_.erase(found);
            } else {
                EXPECT_TRUE(live_.emplace(c.block, c.size).second)
                    << std::to_underlying(c.block) << " is live";
            }
        }
    }
    void on_heap(const traced_heap& heap) override {
        EXPECT_TRUE(live_.empty()) << "blocks of a heap that is gone";
        heap_ = heap;
    }
    void on_live(const change& taken, bool certain) override {
        EXPECT_EQ(live_.at(taken.block), taken.size);
        if (certain) certain_[taken.block] = taken.size;
    }

    /// Blocks that are certainly live, numbered as the generator does.
    [[nodiscard]] block_sizes certain() const {
        block_sizes numbered;
        for (const auto& [block, size] : certain_) {
            const traced_region& region = heap_.region;
            if (region.holds(block)) numbered[300 + (block - region.first_block)] = size;
            for (std::uint32_t p = 0; p < heap_.pools.size(); ++p)
                if (heap_.pools[p].holds(block))
                    numbered[p * 100 + (block - heap_.pools[p].first_block)] = size;
        }
        return numbered;
    }

private:
    std::map<block_number, std::uint32_t> live_;
    std::map<block_number, std::uint32_t> certain_;
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

constexpr std::uint32_t cases = 10'000;

TEST(DamagedTrace, SaysNothingFalseWhateverIsCutDroppedDoubledOrFlipped) {
    std::uint64_t certain = 0;
    for (std::uint32_t seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        random_program truth(seed);
        std::string bytes = bytes_of(truth.words);
        bool provable = true;
        for (std::uint32_t hits = 1 + truth.below(4); hits-- > 0 && bytes.size() > 64;)
            if (damage(bytes, truth, truth.digests())) provable = truth.digests();
        const auto out = read(bytes);
        if (out && provable) expect_nothing_false(*out, truth);
        if (out) certain += out->certain.size();
        if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(certain, cases) << "hardly anything was certain";
}

TEST(DamagedTrace, OfSeveralStartsAndLayoutsSaysNothingFalse) {
    std::uint64_t certain = 0;
    for (std::uint32_t seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        random_program truth(seed, 2 + seed % 3);
        if (!truth.is_version_2()) continue; // digests of version 1 do not know the layout
        std::string bytes = bytes_of(truth.words);
        for (std::uint32_t hits = truth.below(4); hits-- > 0 && bytes.size() > 64;)
            damage(bytes, truth, truth.digests());
        const auto out = read(bytes);
        if (out) expect_nothing_false(*out, truth);
        if (out) certain += out->certain.size();
        if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(certain, cases) << "hardly anything was certain";
}

TEST(DamagedTrace, OverflowsThatLostNothingAreNoGaps) {
    for (std::uint32_t seed = 0; seed < cases / 10; ++seed) {
        SCOPED_TRACE(seed);
        random_program truth(seed);
        std::vector<wire::word> words;
        for (const wire::word w : truth.words) {
            words.push_back(w);
            if (truth.chance(3)) words.push_back(wire::make_gap(wire::gap_reason::overflow, 0));
        }
        const auto clean = read(bytes_of(truth.words));
        const auto out = read(bytes_of(words));
        ASSERT_TRUE(out && clean);
        EXPECT_EQ(out->found.gaps, 0);
        EXPECT_EQ(out->found.double_frees, clean->found.double_frees);
        EXPECT_EQ(out->certain, clean->certain);
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(DamagedTrace, OfABufferSentTwiceIsReadAsIfItCameOnce) {
    std::uint64_t tried = 0;
    std::uint64_t proved = 0;
    for (std::uint32_t seed = 0; seed < cases / 10; ++seed) {
        SCOPED_TRACE(seed);
        random_program truth(seed);
        if (!truth.is_version_2()) continue;
        const auto clean = read(bytes_of(truth.words));
        std::string bytes = bytes_of(truth.words);
        auto words = static_cast<std::uint32_t>(truth.words.size());
        while (!truth.words[words - 1].is_control(wire::control::digest))
            --words; // a repetition after the last one cannot be proven
        if (words < 40) continue;
        ++tried;
        const std::uint32_t at = 20 + truth.below(words - 20);
        const std::uint32_t length = std::min(1 + truth.below(200), words - at);
        bytes.insert(
            std::size_t{4} * at, bytes.substr(std::size_t{4} * at, std::size_t{4} * length)
        );
        const auto out = read(bytes);
        ASSERT_TRUE(out && clean);
        if (out->found.repeated != length || out->found.gaps != 0) continue;
        ++proved;
        EXPECT_EQ(out->found.events, clean->found.events);
        EXPECT_EQ(out->found.lost_events, 0);
        EXPECT_EQ(out->certain, clean->certain);
        if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(proved, tried * 85 / 100) << "of " << tried;
}

TEST(DamagedTrace, CountsExactlyHowManyEventsWereDropped) {
    for (std::uint32_t seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        random_program truth(seed);
        // One stretch of words within the trace, with two checkpoints after it.
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
        const bool dropped_size = dropped.back().is_control(wire::control::size);
        words.erase(words.begin() + from, words.begin() + from + length);
        const auto out = read(bytes_of(words));
        ASSERT_TRUE(out);
        // 31 lost before an event that says what the last one said look like 32, and it twice.
        EXPECT_EQ(out->found.lost_events - out->found.repeated, static_cast<std::uint64_t>(events));
        // An event whose size was dropped cannot be.
        EXPECT_LE(out->found.damaged, dropped_size ? 1 : 0);
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

// SPDX-License-Identifier: MIT
// Stacks between target and reader: the target's own encoder, a link that does its worst, the reader.

#include "damage.hpp"
#include "trace_writer.hpp"

#include <drone/traced_stacks.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace drone::trace {
namespace {

using stack = std::vector<std::uint32_t>;

struct no_mask {
    struct critical_section {
        critical_section() {}
        ~critical_section() {}
    };
};
/// 32 bits at a time.
struct random_numbers {
    explicit random_numbers(std::uint32_t seed) : engine(seed) {}
    std::uint32_t operator()() { return static_cast<std::uint32_t>(engine()); }
    std::mt19937 engine;
};
using target = traced_stacks<no_mask, 8, false>;

target::told told_of(const stack& frames) {
    target::told made{};
    std::uint32_t hash = 0;
    for (const std::uint32_t frame : frames) {
        made.frames[made.count++] = frame | 1U;
        hash = wire::stack_hash(hash, frame | 1U);
    }
    made.hash = hash;
    made.key = wire::stack_key(hash);
    made.is_whole = frames.size() < 8;
    return made;
}

/// A trace with stacks, as a target writes it, and which stack each event has.
class writer {
public:
    static constexpr auto layout = make_layout<1>(16384, {{4, 4096}});

    writer& announce() {
        if (events_ == 0) digest_ = seed();
        stacks_.begin_anew();
        const auto announced = wire::announce(
            layout, events_ == 0 ? 0 : wire::flag_continues, 0, wire::version_with_stacks
        );
        for (const wire::word w : announced.at)
            send(w);
        return check();
    }
    writer& check() {
        stacks_.forget_current();
        send(wire::make_control(wire::control::checkpoint, events_));
        words.push_back(wire::make_digest(std::exchange(digest_, seed())));
        return *this;
    }
    /// Each event takes the next block, so that its offset names it.
    writer& event(const stack& frames) {
        const target::told told = told_of(frames);
        if (!stacks_.is_announced(told)) {
            stacks_.begin(told);
            while (stacks_.has_pending())
                send(stacks_.next_word());
        }
        if (!stacks_.is_current(told)) send(stacks_.say(told));
        send(wire::event(wire::operation::allocate, events_, events_ * 4 + 3));
        truth[events_++] = frames;
        return *this;
    }
    [[nodiscard]] std::string bytes() const { return bytes_of(words); }

    std::vector<wire::word> words;
    std::map<std::uint32_t, stack> truth; ///< by block

private:
    static std::uint32_t seed() {
        return wire::announce(layout, 0, 0, wire::version_with_stacks).seed;
    }
    void send(wire::word w) {
        words.push_back(w);
        digest_ = wire::digest(digest_, w);
    }

    target stacks_;
    std::uint32_t events_ = 0;
    std::uint32_t digest_ = 0;
};

/// The stacks that a reader gives to events.
struct told : sink {
    std::vector<change> taken;
    findings found;
    std::size_t known = 0;

    explicit told(const std::string& bytes) {
        const temporary_file file(bytes);
        const auto from = source::open(file.path());
        if (!from) return; // nothing of it is a trace
        found = from->read(*this).value_or(findings{});
    }
    void on_changes(std::span<const change> changes) override {
        for (const change& c : changes)
            if (!c.gives_back) taken.push_back(c);
    }
    /// No event has a stack that it did not have. Returns how many have none.
    std::size_t expect_only(const writer& from, const std::string& what) {
        std::size_t unknown = 0;
        for (const change& c : taken) {
            const stack frames = found.frames_of(c.caller);
            const auto true_one = from.truth.find(std::to_underlying(c.block));
            if (frames.empty()) ++unknown;
            if (!frames.empty() && true_one != from.truth.end()) {
                EXPECT_EQ(frames, true_one->second)
                    << what << ", block " << std::to_underlying(c.block);
            }
        }
        return unknown;
    }
};

/// Stacks of a program: some are called over and over.
std::vector<stack> some_stacks(random_numbers& random, std::size_t count) {
    std::vector<stack> all;
    for (std::size_t i = 0; i < count; ++i) {
        stack frames;
        for (std::size_t depth = 1 + random() % 8; depth != 0; --depth)
            frames.push_back(0x0800'0000 + random() % 4096 * 2);
        all.push_back(frames);
    }
    return all;
}

writer some_trace(std::uint32_t seed, std::size_t events, std::size_t kinds) {
    random_numbers random(seed);
    const auto stacks = some_stacks(random, kinds);
    writer made;
    for (std::size_t i = 0; i < events; ++i) {
        if (i % 128 == 0)
            made.announce();
        else if (i % 32 == 0)
            made.check();
        const std::size_t again = 1 + random() % 3;
        made.event(stacks[random() % std::min(kinds, 1 + i / again)]);
    }
    return made;
}

TEST(Stacks, OfEveryEventAreKnown) {
    writer from = some_trace(1, 600, 60);
    from.check();
    told out(from.bytes());
    EXPECT_EQ(out.taken.size(), 600U);
    EXPECT_EQ(out.expect_only(from, "whole"), 0U);
    EXPECT_EQ(out.found.damaged, 0U);
    EXPECT_EQ(out.found.gaps, 0U);
}

TEST(Stacks, AFrameOfZeroIsNotKnown) {
    writer w;
    w.announce().event({0x200}).event({0}).event({0x200, 0x300}).check();
    const told read(w.bytes());
    ASSERT_EQ(read.taken.size(), 3U);
    EXPECT_EQ(read.found.frames_of(read.taken[0].caller), stack{0x200});
    EXPECT_EQ(read.found.frames_of(read.taken[1].caller), stack{});
    EXPECT_EQ(read.found.frames_of(read.taken[2].caller), (stack{0x200, 0x300}));
}

TEST(Stacks, AfterTheLastCheckAreThoseThatAreSaid) {
    writer from = some_trace(1, 600, 60); // nothing vouches for the last events
    told out(from.bytes());
    EXPECT_LT(out.expect_only(from, "open end"), 10U);
}

TEST(Stacks, AreRightOrNotKnownWithoutAnyOneWord) {
    for (std::uint32_t seed = 0; seed < 4; ++seed) {
        const writer from = some_trace(seed, 200, 12);
        for (std::size_t i = 0; i < from.words.size(); ++i) {
            auto words = from.words;
            words.erase(words.begin() + static_cast<std::ptrdiff_t>(i));
            told out(bytes_of(words));
            out.expect_only(from, "without word " + std::to_string(i));
            ASSERT_FALSE(HasFailure());
        }
    }
}

TEST(Stacks, AreRightOrNotKnownAfterAnyFlippedBit) {
    const writer from = some_trace(7, 150, 10);
    for (std::size_t i = 0; i < from.words.size(); ++i)
        for (unsigned bit = 0; bit < 32; ++bit) {
            auto words = from.words;
            words[i].bits ^= 1U << bit;
            told out(bytes_of(words));
            // A flipped offset is another block: then the stack cannot be compared.
            if (words[i].is_event() || from.words[i].is_event()) continue;
            out.expect_only(from, "word " + std::to_string(i) + " bit " + std::to_string(bit));
            ASSERT_FALSE(HasFailure());
        }
}

TEST(Stacks, AreAllKnownFromTheNextAnnouncementOnWhereverACaptureBegins) {
    writer from = some_trace(3, 400, 20);
    from.check();
    for (std::size_t begin = 0; begin + 300 < from.words.size(); ++begin) {
        told out(
            bytes_of({from.words.begin() + static_cast<std::ptrdiff_t>(begin), from.words.end()})
        );
        out.expect_only(from, "from word " + std::to_string(begin));
        // Those from the first whole announcement on.
        std::size_t first = begin;
        while (first < from.words.size() && !from.words[first].is_control(wire::control::begin))
            ++first;
        std::optional<block_number> block;
        for (std::size_t i = first; i < from.words.size() && !block; ++i)
            if (from.words[i].is_event()) block = block_number{from.words[i].data() / 4};
        for (const change& c : out.taken) {
            if (block && c.block >= *block) {
                EXPECT_FALSE(out.found.frames_of(c.caller).empty()) << std::to_underlying(c.block);
            }
        }
        ASSERT_FALSE(HasFailure());
    }
}

TEST(Stacks, AreSentAgainAfterTheirPlaceWasTaken) {
    // Many more than the target's table holds.
    random_numbers random(5);
    const auto stacks = some_stacks(random, 1'000);
    writer from;
    from.announce();
    for (std::size_t i = 0; i < 3'000; ++i)
        from.event(stacks[random() % stacks.size()]);
    from.check();
    told out(from.bytes());
    EXPECT_EQ(out.expect_only(from, "evicted"), 0U);
}

TEST(Stacks, WithOneIdentifierAreTheOnesAnnouncedLast) {
    // Two frames of which the hash differs by what the multiplication loses of its low 8 bits.
    std::map<std::uint32_t, stack> by_id;
    random_numbers random(9);
    std::optional<std::pair<stack, stack>> twins;
    while (!twins) {
        const stack frames{
            static_cast<std::uint32_t>(0x0800'0000 + random() % 0x100'0000 * 2),
            static_cast<std::uint32_t>(0x0800'0000 + random() % 0x100'0000 * 2)
        };
        const std::uint32_t id = wire::stack_id(told_of(frames).key);
        const auto [known, is_new] = by_id.emplace(id, frames);
        if (!is_new && known->second != frames) twins = {known->second, frames};
    }
    writer from;
    from.announce();
    for (int i = 0; i < 20; ++i)
        from.event(twins->first).event(twins->second).event({0x0800'1000});
    from.check();
    told out(from.bytes());
    EXPECT_EQ(out.expect_only(from, "twins"), 0U);
}

/// For damage().
struct dice {
    random_numbers engine;
    std::uint32_t below(std::uint32_t limit) { return engine() % limit; }
    bool chance(std::uint32_t of) { return below(of) == 0; }
};

TEST(Stacks, AreRightOrNotKnownAfterWhatCapturesDo) {
    std::size_t unknown = 0;
    std::size_t all = 0;
    for (std::uint32_t seed = 0; seed < 400; ++seed) {
        const writer from = some_trace(seed, 300, 30);
        dice random{random_numbers(seed)};
        std::string bytes = from.bytes();
        bool flipped = false;
        for (std::uint32_t i = random.below(3) + 1; i != 0; --i)
            flipped = damage(bytes, random, false) || flipped;
        told out(bytes);
        all += out.taken.size();
        if (flipped) continue; // events may be of other blocks
        unknown += out.expect_only(from, "seed " + std::to_string(seed));
        ASSERT_FALSE(HasFailure());
    }
    EXPECT_LT(unknown, all / 2);
}

TEST(Stacks, AreDamageInATraceOfAnOlderVersion) {
    native_writer old;
    old.announce().send(wire::make_control(wire::control::stack, 5));
    old.allocate(0, 0, 4).checkpoint();
    EXPECT_EQ(reading(old.bytes()).found.damaged, 1U);
}

} // namespace
} // namespace drone::trace

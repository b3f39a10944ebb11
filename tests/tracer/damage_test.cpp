// SPDX-License-Identifier: MIT

// Traces of a heap that is not ours, damaged at random: words cut off, dropped, doubled, flipped. Whatever
// the damage, the reader says nothing false. The truth is read from the words as the tracer wrote them.

#include "damage.hpp"
#include "trace/formats/native/native.hpp"
#include "trace_writer.hpp"
#include "tracers.hpp"

#include <drone/region_code.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace drone::tracer {
namespace {

using trace::change;
using trace::findings;

constexpr std::uint32_t heap_size = 16384;
constexpr std::uint32_t unit = 8;

/// Live blocks: first byte to size asked.
using block_sizes = std::map<std::uint32_t, std::uint32_t>;

class random_source {
public:
    explicit random_source(std::uint32_t seed) : random_(seed) {}
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_() % limit);
    }
    bool chance(std::uint32_t one_in) { return below(one_in) == 0; }

private:
    std::mt19937 random_;
};

/// The words of a program that takes, resizes and gives back blocks anywhere in its heap, and that
/// gives some of them back twice, if it is such a program.
std::vector<wire::word> trace_of_a_program(random_source& random) {
    const functions tracer = TRACER_FUNCTIONS(brief);
    std::vector<wire::word> all;
    const bool frees_twice = random.chance(4);
    for (std::uint32_t boots = 1 + random.below(2); boots > 0; --boots) {
        start_anew(tracer, heap_size, unit);
        simulated_port::room = 1 << 20;
        std::map<std::uint32_t, std::uint32_t> live; // first byte to end
        const auto is_free = [&](std::uint32_t offset, std::uint32_t end) {
            const auto next = live.lower_bound(offset);
            if (next != live.end() && next->first < end) return false;
            return next == live.begin() || std::prev(next)->second <= offset;
        };
        for (std::uint32_t events = 20 + random.below(400); events > 0; --events) {
            const std::uint32_t offset = random.below(heap_size / unit) * unit;
            const std::uint32_t size = 1 + random.below(random.chance(9) ? 5000 : 120);
            if (random.chance(2) && offset + size <= heap_size && is_free(offset, offset + size)) {
                tracer.alloc(at(offset), size, random.chance(9) ? 32 : 0, nullptr);
                live[offset] = offset + size;
                continue;
            }
            const auto chosen = live.lower_bound(offset);
            if (chosen == live.end()) continue;
            if (random.chance(8)) {
                const std::uint32_t less = 1 + random.below(chosen->second - chosen->first);
                tracer.resize(at(chosen->first), less, nullptr);
                chosen->second = chosen->first + less;
                continue;
            }
            tracer.free(at(chosen->first), nullptr);
            if (frees_twice && random.chance(5)) tracer.free(at(chosen->first), nullptr);
            live.erase(chosen);
        }
        if (random.chance(2)) tracer.end();
        all.insert(all.end(), simulated_port::words.begin(), simulated_port::words.end());
    }
    return all;
}

/// What the words say, read in the simplest way.
struct truth {
    truth() = default;
    explicit truth(const std::vector<wire::word>& words) {
        const wire::region_code code(0, heap_size, unit);
        block_sizes live;
        std::uint64_t count = 0;
        std::uint32_t size = 0;
        for (const wire::word w : words) {
            if (w.is_control(wire::control::begin) &&
                (wire::decode_begin(w).flags & wire::flag_continues) == 0) {
                live.clear();
                count = 0;
            }
            if (w.op() == wire::operation::control) live_at.emplace(count, live);
            if (w.is_control(wire::control::size)) size = w.data();
            if (!w.is_event()) continue;
            ++count;
            if (w.op() == wire::operation::deallocate) {
                if (live.erase(w.data()) == 0) ++double_frees;
                continue;
            }
            const auto place = code.decode(w.data());
            live[place.offset] = place.size != 0 ? place.size : size;
        }
    }

    std::multimap<std::uint64_t, block_sizes> live_at; ///< by count of events, at control words
    std::uint64_t double_frees = 0;
};

/// What a heap's port said, and what the program did.
struct heard_heap {
    std::vector<wire::word> words;
    truth true_one;
};

/// A program with two heaps. The probe comes when it runs already, goes, and comes back.
class program_heard_now_and_then {
public:
    explicit program_heard_now_and_then(random_source& random) : random_(random) {
        heaps_[1].base = second_heap;
        start_anew(tracer_, heap_size, unit);
        tracer_.heap(at(second_heap), heap_size, unit);
        simulated_port::listening = false;
        tracer_.free(at(second_heap), nullptr);
        simulated_port::room = 1 << 20;
    }

    std::array<heard_heap, 2> run() {
        const bool frees_twice = random_.chance(4);
        for (std::uint32_t events = 50 + random_.below(600); events > 0; --events) {
            if (random_.chance(60)) simulated_port::listening = !simulated_port::listening;
            act(heaps_[random_.below(2)], frees_twice);
        }
        if (random_.chance(2)) tracer_.end();
        std::array<heard_heap, 2> heard;
        for (std::size_t i = 0; i < 2; ++i)
            heard[i].true_one = std::move(heaps_[i].true_one);
        for (std::size_t i = 0; i < simulated_port::words.size(); ++i)
            heard[simulated_port::ports[i] == 31 ? 0 : 1].words.push_back(simulated_port::words[i]);
        return heard;
    }

private:
    static constexpr std::uint32_t second_heap = 0x10'0000;
    struct heap {
        std::uint32_t base = 0;
        block_sizes live;
        std::uint64_t events = 0; ///< since somebody listens
        truth true_one;
    };

    /// Around a call of the tracer for this heap, which is one event if somebody listens.
    template <class Change>
    void note(heap& h, Change change) {
        if (!simulated_port::listening) {
            h.events = 0;
            change();
            return;
        }
        if (h.events == 0) h.true_one.live_at.emplace(0, h.live);
        change();
        h.true_one.live_at.emplace(++h.events, h.live);
    }

    void act(heap& h, bool frees_twice) {
        const std::uint32_t offset = random_.below(heap_size / unit) * unit;
        const std::uint32_t size = 1 + random_.below(random_.chance(9) ? 5000 : 120);
        const auto next = h.live.lower_bound(offset);
        if (random_.chance(2)) {
            const bool is_free = offset + size <= heap_size &&
                                 (next == h.live.end() || next->first >= offset + size) &&
                                 (next == h.live.begin() ||
                                  std::prev(next)->first + std::prev(next)->second <= offset);
            if (!is_free) return;
            note(h, [&] {
                tracer_.alloc(at(h.base + offset), size, 0, nullptr);
                h.live[offset] = size;
            });
            return;
        }
        if (next == h.live.end()) return;
        const std::uint32_t chosen = next->first;
        if (random_.chance(8)) {
            note(h, [&] {
                next->second = 1 + random_.below(next->second);
                tracer_.resize(at(h.base + chosen), next->second, nullptr);
            });
            return;
        }
        note(h, [&] {
            tracer_.free(at(h.base + chosen), nullptr);
            h.live.erase(chosen);
        });
        if (!frees_twice || !random_.chance(5)) return;
        if (simulated_port::listening) ++h.true_one.double_frees;
        note(h, [&] { tracer_.free(at(h.base + chosen), nullptr); });
    }

    functions tracer_ = TRACER_FUNCTIONS(brief);
    random_source& random_;
    std::array<heap, 2> heaps_;
};

/// Checks that changes fit each other, and keeps what is said of the end.
class checking_sink final : public trace::sink {
public:
    void on_changes(std::span<const change> changes) override {
        for (const change& c : changes) {
            if (c.gives_back) {
                const auto found = live_.find(std::to_underlying(c.block));
                ASSERT_NE(found, live_.end())
                    << "block " << std::to_underlying(c.block) << " is not live";
                EXPECT_EQ(found->second, c.size);
                live_.erase(found);
            } else {
                const std::uint32_t number = std::to_underlying(c.block);
                EXPECT_TRUE(live_.emplace(number, c.size).second) << number << " is live";
                const auto next = live_.upper_bound(number);
                if (next != live_.end()) {
                    EXPECT_LE(number * unit + c.size, next->first * unit)
                        << "two live blocks overlap";
                }
            }
        }
    }
    void on_heap(const trace::traced_heap& heap) override {
        EXPECT_TRUE(live_.empty()) << "blocks of a heap that is gone";
        EXPECT_TRUE(heap.pools.empty());
        EXPECT_EQ(heap.region.first_block, trace::block_number{});
    }
    void on_live(const change& taken, bool is_certain) override {
        EXPECT_EQ(live_.at(std::to_underlying(taken.block)), taken.size);
        if (is_certain) certain[std::to_underlying(taken.block) * unit] = taken.size;
    }

    block_sizes certain;

private:
    block_sizes live_; ///< by number
};

struct outcome {
    findings found;
    block_sizes certain;
};

/// Nothing when the bytes hold no announcement.
std::optional<outcome> read(const std::string& bytes) {
    const auto as_bytes = std::as_bytes(std::span(bytes));
    const auto first = trace::find_announcement(as_bytes);
    if (!first) return std::nullopt;
    checking_sink sink;
    const findings found = trace::read_native(as_bytes, *first, sink);
    return outcome{.found = found, .certain = sink.certain};
}

/// A trace that is hit up to four times.
std::string damaged(const std::vector<wire::word>& words, random_source& random) {
    std::string bytes = trace::bytes_of(words);
    for (std::uint32_t hits = 1 + random.below(4); hits-- > 0 && bytes.size() > 64;)
        trace::damage(bytes, random, true);
    return bytes;
}

constexpr std::uint32_t cases = 10'000;

TEST(DamagedForeignTrace, SaysNothingFalseWhateverIsCutDroppedDoubledOrFlipped) {
    std::uint64_t certain = 0;
    std::uint32_t were_read = 0;
    std::uint32_t were_noticed = 0;
    std::uint64_t double_frees = 0;
    for (std::uint32_t seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        random_source random(seed);
        const std::vector<wire::word> words = trace_of_a_program(random);
        const truth true_one(words);
        const auto out = read(damaged(words, random));
        if (out) trace::expect_nothing_false(*out, true_one);
        if (::testing::Test::HasFailure()) return;
        if (!out) continue;
        ++were_read;
        certain += out->certain.size();
        double_frees += out->found.double_frees;
        const findings& found = out->found;
        if (found.gaps + found.damaged + found.lost_events + found.repeated != 0) ++were_noticed;
    }
    // Neither damage that does nothing nor a reader that says nothing would fail above.
    EXPECT_GT(were_read, cases / 100 * 95);
    EXPECT_GT(were_noticed, cases / 2);
    EXPECT_GT(certain, cases) << "hardly anything was certain";
    EXPECT_GT(double_frees, cases / 100);
}

/// Blocks that were taken before the probe came are freed, resized, and their places taken again.
TEST(DamagedForeignTrace, OfTwoHeapsHeardNowAndThenSaysNothingFalse) {
    std::uint64_t certain = 0;
    std::uint64_t double_frees = 0;
    std::uint64_t freed_unknown = 0;
    std::uint64_t restarts = 0;
    for (std::uint32_t seed = 0; seed < cases; ++seed) {
        SCOPED_TRACE(seed);
        random_source random(seed);
        for (const heard_heap& heap : program_heard_now_and_then(random).run()) {
            const bool is_damaged = !random.chance(4);
            const auto out =
                read(is_damaged ? damaged(heap.words, random) : trace::bytes_of(heap.words));
            if (!out) continue;
            trace::expect_nothing_false(*out, heap.true_one);
            if (!is_damaged) {
                EXPECT_EQ(out->found.gaps + out->found.damaged + out->found.lost_events, 0);
            }
            if (::testing::Test::HasFailure()) return;
            certain += out->certain.size();
            double_frees += out->found.double_frees;
            freed_unknown += out->found.freed_unknown;
            restarts += out->found.restarts;
        }
    }
    EXPECT_GT(certain, cases) << "hardly anything was certain";
    EXPECT_GT(double_frees, cases / 100);
    EXPECT_GT(freed_unknown, cases);
    EXPECT_GT(restarts, cases);
}

/// A damaged size lies over other blocks. That they are taken later says nothing of the block itself.
TEST(DamagedForeignTrace, ABlockThatSeemedTooLargeIsNotFreedTwice) {
    const functions tracer = TRACER_FUNCTIONS(brief);
    start_anew(tracer, heap_size, unit);
    simulated_port::room = 1000;
    tracer.alloc(at(0), 100, 0, nullptr);
    const std::size_t damaged = simulated_port::words.size() - 1;
    for (int i = 1; i < 32; ++i)
        tracer.failed(nullptr, 1, nullptr);
    tracer.alloc(at(512), 8, 0, nullptr);
    tracer.free(at(0), nullptr);
    tracer.end();
    const wire::region_code code(0, heap_size, unit);
    wire::word& w = simulated_port::words[damaged];
    w.bits = (w.bits & ~wire::data_mask) | code.encode(0, 1000);
    const auto out = read(trace::bytes_of(simulated_port::words));
    ASSERT_TRUE(out);
    EXPECT_EQ(out->found.double_frees, 0);
}

TEST(DamagedForeignTrace, IsReadWholeWhenNothingIsDamaged) {
    std::uint64_t double_frees = 0;
    std::uint64_t certain = 0;
    for (std::uint32_t seed = 0; seed < cases / 10; ++seed) {
        SCOPED_TRACE(seed);
        random_source random(seed);
        const std::vector<wire::word> words = trace_of_a_program(random);
        const truth true_one(words);
        const auto out = read(trace::bytes_of(words));
        ASSERT_TRUE(out);
        EXPECT_EQ(out->found.lost_events, 0);
        EXPECT_EQ(out->found.damaged, 0);
        EXPECT_EQ(out->found.gaps, 0);
        EXPECT_EQ(out->found.contradictions, 0);
        EXPECT_EQ(
            out->found.double_frees + out->found.suspected_double_frees, true_one.double_frees
        );
        trace::expect_nothing_false(*out, true_one);
        double_frees += out->found.double_frees;
        certain += out->certain.size();
        if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(double_frees, 100);
    EXPECT_GT(certain, 1000);
}

} // namespace
} // namespace drone::tracer

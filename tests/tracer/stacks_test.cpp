// SPDX-License-Identifier: MIT

// Stacks from the C tracer's encoder to the reader: calls that preempt each other between any two words, a port that is
// often not ready. The walk is simulated; tests/frames has the one of a target.

#include "simulated_program.hpp"
#include "trace/formats/native/native.hpp"
#include "trace_writer.hpp"
#include "tracers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace drone::tracer {
namespace {

using trace::change;
using trace::findings;
using stack = std::vector<std::uint32_t>;

/// So many stacks are all that the program has; 0: each call has one of its own.
std::uint32_t kinds = 0;

constexpr std::uint32_t depth = 8;

/// The stack of the call that has this caller; some are deeper than what is told.
stack stack_of(std::uint32_t caller) {
    const std::uint32_t which = kinds == 0 ? caller / 2 : caller / 2 % kinds;
    stack frames;
    for (std::uint32_t i = 0; i <= which % 11; ++i)
        frames.push_back(0xC800'0000U + 2 * which + i * 0x2'0000U);
    return frames;
}
stack told_of(std::uint32_t caller) {
    stack frames = stack_of(caller);
    frames.resize(std::min<std::size_t>(frames.size(), depth));
    return frames;
}

/// What is read, with the reader's name of its stack.
class told_events final : public trace::sink {
public:
    void on_changes(std::span<const change> changes) override {
        all.insert(all.end(), changes.begin(), changes.end());
    }
    std::vector<change> all;
};

findings read(const std::vector<wire::word>& words, told_events& to) {
    const std::string bytes = trace::bytes_of(words);
    const auto as_bytes = std::as_bytes(std::span(bytes));
    const auto first = trace::find_announcement(as_bytes);
    EXPECT_TRUE(first);
    return first ? trace::read_native(as_bytes, *first, to) : findings{};
}

/// The calls at each block, in their order: only the next one can be the event that is read there.
std::map<std::uint32_t, std::deque<std::uint32_t>> by_block(simulated_program& program) {
    std::map<std::uint32_t, std::deque<std::uint32_t>> calls;
    for (const auto& [caller, made] : program.calls())
        if (!made.is_failed) calls[made.offset].push_back(caller);
    return calls;
}

TEST(TracerStacks, AreThoseOfTheirCallsWhateverPreempts) {
    for (const std::uint32_t of : {0U, 5U, 60U, 1'000U}) {
        kinds = of;
        for (std::uint32_t seed = 0; seed < 15; ++seed) {
            SCOPED_TRACE(std::to_string(of) + " kinds, seed " + std::to_string(seed));
            simulated_program program(TRACER_FUNCTIONS(stacks), seed);
            program.run(3000);
            program.end();
            told_events events;
            const findings found = read(simulated_port::words, events);
            EXPECT_EQ(found.gaps + found.damaged + found.lost_events, 0U);
            auto expected = by_block(program);
            EXPECT_GT(events.all.size(), 2'000U);
            for (const change& c : events.all) {
                auto& calls = expected[std::to_underlying(c.block) * 8];
                ASSERT_FALSE(calls.empty());
                const std::uint32_t caller = calls.front();
                calls.pop_front();
                ASSERT_EQ(program.calls()[caller].gives_back, c.gives_back);
                ASSERT_EQ(found.frames_of(c.caller), told_of(caller));
                const bool is_whole = found.stacks[c.caller & ~trace::stack_bit].is_whole;
                ASSERT_EQ(is_whole, stack_of(caller).size() < depth);
            }
        }
    }
}

TEST(TracerStacks, AreRightOrNotKnownWhereEventsAreDropped) {
    kinds = 0;
    std::size_t known = 0;
    std::size_t unknown = 0;
    for (std::uint32_t seed = 0; seed < 60; ++seed) {
        SCOPED_TRACE(seed);
        simulated_program program(TRACER_FUNCTIONS(stacks_dropping), seed);
        program.run(3000);
        simulated_port::room = 10'000;
        program.run(2000);
        told_events events;
        const findings found = read(simulated_port::words, events);
        EXPECT_EQ(found.damaged + found.double_frees + found.contradictions, 0U);
        EXPECT_GT(found.dropped_by_target, 0U);
        for (const change& c : events.all) {
            const stack frames = found.frames_of(c.caller);
            ++(frames.empty() ? unknown : known);
            if (frames.empty()) continue;
            const auto caller = (frames.front() - 0xC800'0000U);
            const auto made = program.calls().find(caller);
            ASSERT_NE(made, program.calls().end());
            ASSERT_FALSE(std::exchange(made->second.seen, true))
                << "two events have the stack of one call";
            ASSERT_EQ(frames, told_of(caller));
            ASSERT_EQ(made->second.gives_back, c.gives_back);
            ASSERT_EQ(made->second.offset, std::to_underlying(c.block) * 8);
        }
    }
    EXPECT_GT(known, 10'000U);
    EXPECT_GT(unknown, 1'000U);
}

TEST(TracerStacks, AreRightOrNotKnownWithoutAnyOneWord) {
    kinds = 30;
    simulated_program program(TRACER_FUNCTIONS(stacks), 3);
    program.run(600);
    program.end();
    const std::vector<wire::word> words = simulated_port::words;
    told_events whole;
    const findings of_whole = read(words, whole);
    using block_of_size = std::pair<trace::block_number, std::uint32_t>;
    std::map<block_of_size, std::vector<stack>> truth;
    // A block that is given back may be a conclusion of the reader's.
    for (const change& c : whole.all)
        if (!c.gives_back) truth[{c.block, c.size}].push_back(of_whole.frames_of(c.caller));
    std::size_t known = 0;
    for (std::size_t i = 8; i < words.size(); ++i) {
        auto without = words;
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
        told_events events;
        const findings found = read(without, events);
        for (const change& c : events.all) {
            const stack frames = found.frames_of(c.caller);
            const auto& possible = truth[{c.block, c.size}];
            if (c.gives_back || frames.empty() || possible.empty()) continue;
            ++known;
            ASSERT_NE(std::ranges::find(possible, frames), possible.end()) << "without word " << i;
        }
    }
    EXPECT_GT(known, words.size() * 50);
}

TEST(TracerStacks, OfAListenerWhoComesLaterAreAllToldAgain) {
    kinds = 20;
    simulated_program program(TRACER_FUNCTIONS(stacks), 5);
    program.run(1000);
    simulated_port::listening = false;
    program.run(200);
    simulated_port::listening = true;
    simulated_port::words.clear();
    program.run(1000);
    program.end();
    told_events events;
    const findings found = read(simulated_port::words, events);
    EXPECT_GT(events.all.size(), 500U);
    for (const change& c : events.all)
        ASSERT_FALSE(found.frames_of(c.caller).empty());
}

} // namespace
} // namespace drone::tracer

extern "C" std::uint32_t
simulated_walk(std::uint32_t* frames, std::uint32_t most, const void* caller) {
    const auto told =
        drone::tracer::told_of(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(caller))
        );
    std::ranges::transform(told, frames, [](std::uint32_t f) { return f | 1U; }); // as Thumb has it
    EXPECT_LE(told.size(), most);
    return static_cast<std::uint32_t>(told.size());
}

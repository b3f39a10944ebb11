// SPDX-License-Identifier: MIT

// What the C tracer writes, read by the reader: calls that preempt each other between any two words,
// a port that is often not ready, everything told of each event. Each call has a caller of its own,
// so each event that is read names the call that it must be of.

#include "simulated_program.hpp"
#include "trace/formats/native/native.hpp"
#include "trace_writer.hpp"
#include "tracers.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <span>
#include <vector>

using drone::tracer::simulated_port;

namespace drone::tracer {
/// Of contexts. One has none, one is another's beginning.
constexpr std::array<const char*, 4> names{nullptr, "net", "network", "a"};
} // namespace drone::tracer

extern "C" {
int simulated_enabled(std::uint32_t) {
    if (simulated_port::depth == 0) simulated_port::interrupt();
    return simulated_port::listening ? 1 : 0;
}
int simulated_ready(std::uint32_t) {
    if (simulated_port::depth == 0) simulated_port::interrupt();
    return simulated_port::listening && simulated_port::room > 0 ? 1 : 0;
}
void simulated_write(std::uint32_t port, std::uint32_t word) {
    EXPECT_GT(simulated_port::depth, 0) << "written with interrupts";
    EXPECT_GT(simulated_port::room--, 0) << "written to a port that was not ready";
    simulated_port::words.push_back({word});
    simulated_port::ports.push_back(port);
}
std::uint32_t simulated_mask() {
    ++simulated_port::depth;
    return 7;
}
void simulated_unmask(std::uint32_t before) {
    EXPECT_EQ(before, 7);
    --simulated_port::depth;
}
std::uint32_t simulated_context() { return simulated_port::context; }
const char* simulated_name() { return drone::tracer::names.at(simulated_port::context); }
}

namespace drone::tracer {
namespace {

using trace::change;
using trace::failure;
using trace::findings;

/// Finds the call of each event.
class matching_sink final : public trace::sink {
public:
    explicit matching_sink(std::map<std::uint32_t, call>& calls) : calls_(calls) {}

    void on_changes(std::span<const change> changes) override {
        for (const change& c : changes) {
            if (c.caller == 0 && (c.gives_back || gaps != 0)) {
                ++unattributed;
                continue;
            }
            const call& made = find(c.caller);
            EXPECT_EQ(made.gives_back, c.gives_back);
            if (c.context != trace::no_context) {
                EXPECT_EQ(made.context, c.context);
            }
            if (c.gives_back) continue;
            EXPECT_EQ(made.size, c.size);
            EXPECT_EQ(made.alignment, 1U << c.alignment_log2);
        }
    }
    void on_failure(const failure& f) override {
        if (f.caller == 0 && gaps != 0) return;
        const call& made = find(f.caller);
        EXPECT_EQ(made.size, f.size);
        EXPECT_EQ(made.alignment, 1U << f.alignment_log2);
    }
    void on_gap(std::uint64_t) override { ++gaps; }
    void on_live(const change&, bool) override { ++live; }

    std::size_t matched = 0;
    std::size_t unattributed = 0;
    std::size_t live = 0;
    std::size_t gaps = 0;

private:
    call& find(std::uint32_t caller) {
        static call none;
        const auto found = calls_.find(caller);
        EXPECT_NE(found, calls_.end()) << "caller " << caller;
        if (found == calls_.end()) return none;
        EXPECT_FALSE(std::exchange(found->second.seen, true)) << "told twice";
        ++matched;
        return found->second;
    }

    std::map<std::uint32_t, call>& calls_;
};

findings read_bytes(const std::string& bytes, trace::sink& to) {
    const auto as_bytes = std::as_bytes(std::span(bytes));
    const auto first = trace::find_announcement(as_bytes);
    EXPECT_TRUE(first);
    return first ? trace::read_native(as_bytes, *first, to) : findings{};
}

findings read(trace::sink& to) { return read_bytes(trace::bytes_of(simulated_port::words), to); }

struct no_sink final : trace::sink {
    void on_changes(std::span<const change>) override {}
};

TEST(Tracer, TellsEachCallOnceWithWhoAndWhereWhateverPreempts) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        simulated_program program(TRACER_FUNCTIONS(told), seed);
        program.run(3000);
        program.end();
        matching_sink sink(program.calls());
        const findings found = read(sink);
        EXPECT_EQ(sink.matched, program.calls().size());
        EXPECT_EQ(sink.unattributed, 0);
        EXPECT_EQ(sink.live, program.live());
        EXPECT_EQ(found.gaps, 0);
        EXPECT_EQ(found.damaged, 0);
        EXPECT_EQ(found.lost_events, 0);
        EXPECT_EQ(found.contradictions, 0);
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(Tracer, NamesContextsWhateverPreempts) {
    for (std::uint32_t seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(seed);
        simulated_program program(TRACER_FUNCTIONS(named), seed);
        program.run(2500);
        program.end();
        matching_sink sink(program.calls());
        const findings found = read(sink);
        EXPECT_EQ(sink.matched, program.calls().size());
        EXPECT_EQ(found.damaged, 0);
        EXPECT_EQ(found.lost_events, 0);
        EXPECT_EQ(found.context_names.size(), names.size() - 1);
        for (const auto& [context, name] : found.context_names)
            EXPECT_EQ(name, names.at(context));
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(Tracer, NeverReadsAnotherNameFromADamagedTrace) {
    simulated_program program(TRACER_FUNCTIONS(named), 1);
    program.run(5000);
    program.end();
    const std::string whole = trace::bytes_of(simulated_port::words);
    std::mt19937 random(7);
    std::size_t read = 0;
    for (int i = 0; i < 2000; ++i) {
        std::string bytes = whole;
        for (auto damages = 1 + random() % 20; damages > 0; --damages) {
            const std::size_t at = random() % (bytes.size() - 100);
            switch (random() % 3) {
            case 0:
                bytes[at] = static_cast<char>(random());
                break;
            case 1:
                bytes.erase(at, 1 + random() % 60);
                break;
            default:
                bytes.insert(at, bytes.substr(at, 4 * (random() % 15)));
                break;
            }
        }
        if (!trace::find_announcement(std::as_bytes(std::span(bytes)))) continue;
        no_sink sink;
        for (const auto& [context, name] : read_bytes(bytes, sink).context_names) {
            ++read;
            ASSERT_LT(context, names.size());
            ASSERT_STREQ(names.at(context), name.c_str());
        }
    }
    EXPECT_GT(read, 1000);
}

TEST(Tracer, CountsExactlyWhatItDrops) {
    std::uint64_t dropped = 0;
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        simulated_program program(TRACER_FUNCTIONS(dropping), seed);
        program.run(3000);
        simulated_port::room = 10'000;
        program.run(2000); // after which checks show what was lost
        matching_sink sink(program.calls());
        const findings found = read(sink);
        EXPECT_EQ(found.damaged, 0);
        EXPECT_EQ(found.double_frees, 0);
        EXPECT_EQ(found.contradictions, 0);
        EXPECT_EQ(found.events + found.lost_events, program.calls().size());
        EXPECT_EQ(found.lost_events, found.dropped_by_target);
        dropped += found.dropped_by_target;
        if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(dropped, 1000);
}

TEST(Tracer, BeginsAgainAfterAPause) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        simulated_program program(TRACER_FUNCTIONS(told), seed);
        program.run(700 + seed);
        simulated_port::listening = false;
        program.run(300);
        simulated_port::listening = true;
        program.run(500);
        matching_sink sink(program.calls());
        const findings found = read(sink);
        EXPECT_EQ(found.restarts, 1);
        EXPECT_EQ(found.double_frees, 0);
        EXPECT_EQ(found.lost_events, 0);
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(Tracer, SaysItsHeapAnewWhenItWasEndedAtACheck) {
    const functions tracer = TRACER_FUNCTIONS(plain);
    start_anew(tracer, heap_size, 8);
    simulated_port::room = 10'000;
    for (int i = 0; i < 2048; ++i)
        tracer.failed(nullptr, 1, nullptr);
    tracer.end();
    simulated_port::listening = false;
    tracer.failed(nullptr, 1, nullptr);
    simulated_port::listening = true;
    tracer.alloc(at(8), 8, 0, nullptr);
    tracer.end();
    no_sink sink;
    const std::string bytes = trace::bytes_of(simulated_port::words);
    const auto as_bytes = std::as_bytes(std::span(bytes));
    const findings found = trace::read_native(as_bytes, *trace::find_announcement(as_bytes), sink);
    EXPECT_EQ(found.restarts, 1);
    EXPECT_EQ(found.lost_events, 0);
    EXPECT_EQ(found.gaps, 0);
    EXPECT_EQ(found.events, 2049);
}

TEST(Tracer, LeavesOutBlocksOfNoHeapAndNumbersHeapsByPort) {
    const functions tracer = TRACER_FUNCTIONS(plain);
    start_anew(tracer, heap_size, 8);
    simulated_port::room = 100;
    tracer.alloc(at(heap_size + 8), 8, 0, nullptr);
    tracer.free(nullptr, nullptr);
    EXPECT_TRUE(simulated_port::words.empty());
    tracer.alloc(at(heap_size - 8), 8, 0, nullptr);
    EXPECT_FALSE(simulated_port::words.empty());
    EXPECT_EQ(simulated_port::ports.back(), 31);
    tracer.heap(at(heap_size), 4096, 8);
    tracer.alloc(at(heap_size + 8), 8, 0, nullptr);
    EXPECT_EQ(simulated_port::ports.back(), 30);
    tracer.failed(nullptr, 8, nullptr);
    EXPECT_EQ(simulated_port::ports.back(), 31);
}

} // namespace
} // namespace drone::tracer

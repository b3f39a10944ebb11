// SPDX-License-Identifier: MIT

// drone::end_trace(): what a program says last. What preempts it is in native_tracer_test.cpp.

#include "trace_writer.hpp"

#include <drone/declare.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <host/exclusive.hpp>
#include <memory>
#include <vector>

namespace drone::trace {
namespace {

constexpr auto pools = make_layout<2>(1024, {{8, 40}, {40, 10}});

/// A port that takes `room` words.
struct port {
    static inline std::vector<wire::word> words;
    static inline int room = 0;
    static inline bool listening = true;

    static bool enabled(unsigned) noexcept { return listening; }
    static bool ready(unsigned) noexcept { return room > 0; }
    static void write(unsigned, std::uint32_t bits) noexcept {
        --room;
        words.push_back({bits});
    }
    static void write(unsigned, std::uint8_t) noexcept {}
};

struct waiting {
    static constexpr const auto& layout = pools;
    using core = host::threads;
    using carrier = port;
    static constexpr heap_settings settings{.trace_port = 31};
};
struct dropping : waiting {
    static constexpr heap_settings settings{.trace_port = 31, .when_full = trace_flow::drop};
};
struct untraced : waiting {
    static constexpr heap_settings settings{};
};

template <class Options>
class program {
public:
    program() {
        port::words.clear();
        port::room = 100'000;
        port::listening = true;
        heap->initialize();
    }
    /// Takes and gives back; one block stays.
    void run(int pairs) {
        kept = heap->allocate(30);
        for (int i = 0; i < pairs; ++i)
            heap->deallocate(heap->allocate(7));
    }
    void end() { drone::end_trace(*heap); }
    [[nodiscard]] static findings read() { return reading(bytes_of(port::words)).found; }

    std::unique_ptr<declared_heap<Options>> heap = std::make_unique<declared_heap<Options>>();
    void* kept = nullptr;
};

TEST(TraceEnd, MakesTheLastEventsCertain) {
    program<waiting> one;
    one.run(50);
    EXPECT_EQ(one.read().unchecked_events, 101);
    const std::size_t before = port::words.size();
    one.end();
    EXPECT_EQ(port::words.size(), before + wire::check_size);
    const findings found = one.read();
    EXPECT_EQ(found.events, 101);
    EXPECT_EQ(found.checked_until, 101);
    EXPECT_EQ(found.unchecked_events, 0);
    EXPECT_EQ(found.gaps + found.damaged, 0);
}

TEST(TraceEnd, MayBeSaidOftenAndIsNoEndForTheProgram) {
    program<waiting> one;
    for (int i = 0; i < 3; ++i) {
        one.run(10);
        one.heap->deallocate(one.kept);
        one.end();
        one.end();
    }
    const findings found = one.read();
    EXPECT_EQ(found.events, 66);
    EXPECT_EQ(found.unchecked_events, 0);
    EXPECT_EQ(found.restarts + found.gaps + found.damaged, 0);
}

TEST(TraceEnd, TellsWhatTheTargetLeftOut) {
    program<dropping> one;
    one.run(10);
    port::room = 0;
    one.run(200);
    port::room = 100;
    one.end();
    const findings found = one.read();
    EXPECT_EQ(found.unchecked_events, 0);
    EXPECT_EQ(found.events + found.lost_events, 21 + 401);
    EXPECT_GE(found.lost_events, 400);
    EXPECT_EQ(found.lost_events, found.dropped_by_target);
}

TEST(TraceEnd, IsSilentWhereThereIsNothingToSay) {
    program<waiting> one;
    one.end();
    EXPECT_TRUE(port::words.empty()) << "of a heap that nobody used";
    one.run(10);
    port::listening = false;
    const std::size_t said = port::words.size();
    one.end();
    EXPECT_EQ(port::words.size(), said) << "nobody listens";
}

TEST(TraceEnd, OfAHeapThatIsNotTracedIsNothing) {
    program<untraced> one;
    one.run(10);
    one.end();
    EXPECT_TRUE(port::words.empty());
}

} // namespace
} // namespace drone::trace

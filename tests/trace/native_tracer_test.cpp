// SPDX-License-Identifier: MIT

// What native_tracer writes, read by the reader: calls that preempt each other between any two masked
// stretches, a port that is often not ready. Where callers are told each call has one of its own, so
// each event that is read names the call that it must be of.

#include "trace/formats/native/native.hpp"
#include "trace_writer.hpp"

#include <drone/declare.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <host/exclusive.hpp>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <vector>

namespace drone::trace {
namespace {

constexpr auto pools = make_layout<4>(8192, {{4, 40}, {12, 40}, {40, 20}, {64, 20}}, 32);

/// A core whose interrupts come when the test says so, but never into a critical section.
struct simulated_core {
    using free_list = host::threads::free_list;

    struct critical_section {
        critical_section() { ++depth; }
        ~critical_section() {
            if (--depth == 0) interrupt();
        }
        critical_section(const critical_section&) = delete;
        critical_section& operator=(const critical_section&) = delete;
    };

    static inline int depth = 0;
    static inline std::uint32_t context = 0;
    static inline std::function<void()> interrupt = [] {};
};

/// A port that takes `room` words, and now and then gets more.
struct simulated_carrier {
    static inline std::vector<wire::word> words;
    static inline int room = 0;
    static inline bool listening = true;

    static bool enabled(unsigned) noexcept {
        if (simulated_core::depth == 0) simulated_core::interrupt();
        return listening;
    }
    static bool ready(unsigned) noexcept {
        if (simulated_core::depth == 0) simulated_core::interrupt();
        return listening && room > 0;
    }
    static void write(unsigned, std::uint32_t bits) noexcept {
        ASSERT_GT(simulated_core::depth, 0);
        ASSERT_GT(room--, 0) << "written to a port that was not ready";
        words.push_back({bits});
    }
    static void write(unsigned, std::uint8_t) noexcept {}
};

std::uint32_t current_context() noexcept { return simulated_core::context; }

struct told {
    static constexpr const auto& layout = pools;
    using core = simulated_core;
    using carrier = simulated_carrier;
    static constexpr heap_settings settings{
        .trace_port = 31,
        .trace_callers = true,
        .trace_context = current_context,
    };
};

constexpr auto pools_and_region =
    make_layout<2>(1 << 20, {{12, 20}, {40, 10}}, 32, overflow::region);

struct told_of_region : told {
    static constexpr const auto& layout = pools_and_region;
};

/// Of each event nothing but what must be.
struct told_of_region_only : told_of_region {
    static constexpr heap_settings settings{.trace_port = 31};
};

struct dropping : told {
    static constexpr heap_settings settings{
        .trace_port = 31,
        .when_full = trace_flow::drop,
        .trace_callers = true,
        .trace_context = current_context,
    };
};

struct call {
    std::uint32_t size = 0;
    std::uint32_t alignment = 0;
    std::uint32_t context = 0;
    bool gives_back = false;
    bool seen = false;
};

/// A program whose interrupts come between any two words and do as the program does.
template <class Options>
class simulated_program {
public:
    explicit simulated_program(std::uint32_t seed, std::uint32_t largest = 70)
        : random_(seed), largest_(largest) {
        simulated_core::context = 0;
        simulated_core::interrupt = [this] { maybe_interrupt(); };
        simulated_carrier::words.clear();
        simulated_carrier::room = 0;
        simulated_carrier::listening = true;
        heap_->initialize();
    }

    simulated_program(const simulated_program&) = delete;
    simulated_program& operator=(const simulated_program&) = delete;
    ~simulated_program() {
        simulated_core::interrupt = [] {};
    }

    /// From now on the trace ends now and then, and goes on.
    void end_at_random() { ends_ = true; }
    /// The program ends, and nothing else happens.
    void end() {
        simulated_core::interrupt = [] { ++simulated_carrier::room; };
        heap_->end_trace();
    }

    /// At least so many calls more.
    void run(std::size_t calls) {
        for (const std::size_t end = calls_.size() + calls; calls_.size() < end;)
            act();
    }
    void pause(bool listening) { simulated_carrier::listening = listening; }

    [[nodiscard]] std::map<std::uint32_t, call>& calls() { return calls_; }
    /// Bytes asked for, by block that is in use, ascending.
    [[nodiscard]] std::vector<std::size_t> live() const {
        std::vector<std::size_t> sizes;
        for (const held& h : live_)
            sizes.push_back(h.size);
        std::ranges::sort(sizes);
        return sizes;
    }

private:
    struct held {
        void* block = nullptr;
        std::size_t size = 0;
    };

    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_() % limit);
    }

    void maybe_interrupt() {
        if (below(3) == 0) ++simulated_carrier::room;
        constexpr std::uint32_t deepest = 3;
        if (simulated_core::context == deepest || below(6) != 0) return;
        ++simulated_core::context;
        act();
        --simulated_core::context;
    }

    /// Makes a call that its caller, a code address, identifies.
    template <class Operation>
    auto make(call c, Operation operation) {
        c.context = simulated_core::context;
        const std::uint32_t address = 2 * static_cast<std::uint32_t>(calls_.size() + 1);
        calls_[address] = c;
        if constexpr (Options::settings.trace_callers)
            return operation(reinterpret_cast<const void*>(std::uintptr_t{address}));
        else
            return operation();
    }

    std::uint32_t some_size() { return 1 + below(below(4) == 0 ? largest_ : 70); }

    void act() {
        if (ends_ && below(10) == 0) return heap_->end_trace();
        if (live_.empty() || below(2) == 0)
            return allocate(some_size(), 4U << below(below(50) == 0 ? 16 : 4));
        // Nobody else gives it back, or resizes it.
        std::swap(live_[below(static_cast<std::uint32_t>(live_.size()))], live_.back());
        const held one = live_.back();
        live_.pop_back();
        if (below(3) == 0) return resize(one, some_size());
        deallocate(one.block);
    }

    void allocate(std::uint32_t size, std::uint32_t alignment) {
        void* const block = make({size, alignment}, [&](auto... caller) {
            return heap_->allocate(size, alignment, caller...);
        });
        if (block != nullptr) live_.push_back({block, size});
    }
    void deallocate(void* block) {
        make({.gives_back = true}, [&](auto... caller) { heap_->deallocate(block, caller...); });
    }
    void resize(held one, std::uint32_t size) {
        void* const place = make({size, granule}, [&](auto... caller) {
            return heap_->place_resized(one.block, one.size, size, granule, caller...);
        });
        if (place == nullptr) return live_.push_back(one);
        if (place != one.block) deallocate(one.block);
        live_.push_back({place, size});
    }

    std::mt19937 random_;
    std::uint32_t largest_; ///< bytes
    std::unique_ptr<declared_heap<Options>> heap_ = std::make_unique<declared_heap<Options>>();
    std::map<std::uint32_t, call> calls_; ///< by caller
    std::vector<held> live_;
    bool ends_ = false;
};

/// Finds the call of each event.
class matching_sink final : public sink {
public:
    explicit matching_sink(std::map<std::uint32_t, call>& calls) : calls_(calls) {}

    void on_changes(std::span<const change> changes) override {
        for (const change& c : changes) {
            if (c.caller == 0 && (c.gives_back || gaps != 0)) { // may be a lost event's
                ++unattributed;
                continue;
            }
            const call& made = find(c.caller);
            EXPECT_EQ(made.gives_back, c.gives_back);
            expect_context(made, c.context);
            if (c.gives_back) continue;
            EXPECT_EQ(made.size, c.size);
            expect_alignment(made, c.alignment_log2);
        }
    }
    void on_resize(const change& /*before*/, const change& after, resizing how) override {
        EXPECT_EQ(how, resizing::in_place);
        if (after.caller == 0 && gaps != 0) {
            ++unattributed;
            return;
        }
        const call& made = find(after.caller);
        EXPECT_FALSE(made.gives_back);
        expect_context(made, after.context);
        EXPECT_EQ(made.size, after.size);
    }
    void on_failure(const failure& f) override {
        if (f.caller == 0 && gaps != 0) {
            ++unattributed;
            return;
        }
        const call& made = find(f.caller);
        EXPECT_EQ(made.size, f.size);
        expect_alignment(made, f.alignment_log2);
        expect_context(made, f.context);
    }
    void on_gap(std::uint64_t) override { ++gaps; }
    void on_live(const change& taken, bool /*certain*/) override { live.push_back(taken.size); }

    std::size_t matched = 0;
    std::size_t unattributed = 0;
    std::vector<std::size_t> live; ///< bytes
    std::size_t gaps = 0;

private:
    void expect_context(const call& made, std::uint16_t context) const {
        if (context == no_context && gaps != 0) return; // until it is said again
        EXPECT_EQ(made.context, context);
    }

    static void expect_alignment(const call& made, std::uint32_t log2) {
        EXPECT_EQ(std::min(made.alignment, 1U << wire::largest_alignment_log2), 1U << log2);
    }

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

findings read(sink& to) {
    const std::string bytes = bytes_of(simulated_carrier::words);
    const auto as_bytes = std::as_bytes(std::span(bytes));
    const auto first = find_announcement(as_bytes);
    EXPECT_TRUE(first);
    return first ? read_native(as_bytes, *first, to) : findings{};
}

/// Every event is there, and says nothing but what happened.
void expect_all_is_well(const findings& found) {
    EXPECT_EQ(found.gaps, 0);
    EXPECT_EQ(found.damaged, 0);
    EXPECT_EQ(found.lost_events, 0);
    EXPECT_EQ(found.freed_unknown, 0);
    EXPECT_EQ(found.double_frees, 0);
    EXPECT_EQ(found.suspected_double_frees, 0);
    EXPECT_EQ(found.contradictions, 0);
}

template <class Options>
void expect_each_call_matched(simulated_program<Options>& program) {
    matching_sink sink(program.calls());
    const findings found = read(sink);
    EXPECT_EQ(sink.matched, program.calls().size());
    EXPECT_EQ(sink.unattributed, 0);
    std::ranges::sort(sink.live);
    EXPECT_EQ(sink.live, program.live());
    expect_all_is_well(found);
}

TEST(NativeTracer, TellsEachCallOnceWithWhoAndWhereWhateverPreempts) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        simulated_program<told> program(seed);
        program.run(3000);
        expect_each_call_matched(program);
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(NativeTracer, TellsBlocksOfARegionByStartAndSize) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        simulated_program<told_of_region> program(seed, 3000);
        program.run(3000);
        expect_each_call_matched(program);
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(NativeTracer, SaysAgainWhatTheEndOfTheTraceParted) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        simulated_program<told_of_region> program(seed, 3000);
        program.end_at_random();
        program.run(2000);
        expect_each_call_matched(program);
        if (::testing::Test::HasFailure()) return;
    }
}

/// Keeps what is live at the end.
struct live_sink final : sink {
    void on_changes(std::span<const change>) override {}
    void on_live(const change& taken, bool /*certain*/) override { live.push_back(taken.size); }

    std::vector<std::size_t> live; ///< bytes
};

TEST(NativeTracer, TellsSizesOfARegionWhereNothingElseIsSaid) {
    for (const bool ends : {false, true}) {
        for (std::uint32_t seed = 0; seed < 200; ++seed) {
            SCOPED_TRACE(seed);
            simulated_program<told_of_region_only> program(seed, 3000);
            if (ends) program.end_at_random();
            program.run(2000);
            program.end();
            live_sink sink;
            const findings found = read(sink);
            EXPECT_EQ(found.events, program.calls().size());
            EXPECT_EQ(found.unchecked_events, 0);
            std::ranges::sort(sink.live);
            EXPECT_EQ(sink.live, program.live());
            expect_all_is_well(found);
            if (::testing::Test::HasFailure()) return;
        }
    }
}

TEST(NativeTracer, CountsExactlyWhatItDrops) {
    std::uint64_t dropped = 0;
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        simulated_program<dropping> program(seed);
        program.run(3000);
        simulated_carrier::room = 10'000;
        program.run(2000); // after which checks show what was lost
        matching_sink sink(program.calls());
        const findings found = read(sink);
        EXPECT_EQ(found.damaged, 0);
        EXPECT_EQ(found.double_frees, 0);
        EXPECT_LE(found.events, sink.matched + sink.unattributed + found.freed_unknown);
        EXPECT_GT(sink.matched, sink.unattributed);
        EXPECT_EQ(found.events + found.lost_events, program.calls().size());
        EXPECT_EQ(found.lost_events, found.dropped_by_target);
        dropped += found.dropped_by_target;
        if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(dropped, 1000);
}

/// A port that takes one word and then none for a while.
struct narrow_carrier {
    static inline std::vector<wire::word> words;
    static inline int refusals = 0;

    static bool enabled(unsigned) noexcept { return true; }
    static bool ready(unsigned) noexcept { return refusals == 0 || --refusals == 0; }
    static void write(unsigned, std::uint32_t bits) noexcept {
        words.push_back({bits});
        refusals = 4;
    }
    static void write(unsigned, std::uint8_t) noexcept {}
};

struct dropping_narrowly : dropping {
    using carrier = narrow_carrier;
};

TEST(NativeTracer, LetsEventsThroughWhereThereIsRoomForOneWordOnly) {
    const auto heap = std::make_unique<declared_heap<dropping_narrowly>>();
    heap->initialize();
    narrow_carrier::words.clear();
    constexpr std::uint32_t calls = 20'000;
    for (std::uint32_t i = 0; i < calls; i += 2)
        heap->deallocate(heap->allocate(1 + i % 60, 32));
    const auto events = std::ranges::count_if(narrow_carrier::words, &wire::word::is_event);
    EXPECT_GT(events, calls / 20);
    EXPECT_LT(events, calls);
}

TEST(NativeTracer, BeginsAgainAfterAPause) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        simulated_program<told> program(seed);
        program.run(700 + seed);
        program.pause(false);
        program.run(300);
        const std::size_t before = simulated_carrier::words.size();
        program.pause(true);
        program.run(500);
        matching_sink sink(program.calls());
        const findings found = read(sink);
        EXPECT_EQ(found.restarts, 1);
        EXPECT_EQ(found.double_frees, 0);
        EXPECT_EQ(found.lost_events, 0);
        EXPECT_GT(simulated_carrier::words.size(), before + 500);
        if (::testing::Test::HasFailure()) return;
    }
}

} // namespace
} // namespace drone::trace

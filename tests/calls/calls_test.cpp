// SPDX-License-Identifier: MIT
// Every call of the heap, logged from outside, against the decoded trace, event for event.

#include "agreement.hpp"
#include "recording.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <unistd.h>

namespace drone::calls {
namespace {

/// A recording in a scratch file.
recording recorded(tells what, std::uint32_t steps) {
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() / ("drone-calls-" + std::to_string(::getpid()));
    recording made = record(what, steps, file);
    std::filesystem::remove(file);
    return made;
}

void expect_nothing_lost(const recording& run) {
    EXPECT_EQ(run.found.events, run.events.size());
    EXPECT_EQ(run.found.gaps + run.told_gaps, 0U);
    EXPECT_EQ(run.found.damaged + run.found.repeated + run.found.lost_events, 0U);
}

TEST(Calls, AgreeWithTheTraceEventForEvent) {
    const recording run = recorded(tells::events, 90'000);
    EXPECT_EQ(disagreement(run.calls, run.events, run.arena), "");
    expect_nothing_lost(run);

    EXPECT_GE(run.calls.size(), 100'000U);
    EXPECT_GE(run.preempted, 5'000U);
    std::map<std::size_t, std::size_t> of_face;
    std::map<unsigned, std::size_t> of_level;
    for (const logged_call& call : run.calls) {
        ++of_face[call.seen.function];
        ++of_level[call.seen.exception];
    }
    for (std::size_t i = 0; i < faces.size(); ++i) {
        if (faces[i].means == signature::new_handler) continue;
        EXPECT_GE(of_face[i], 100U) << faces[i].symbol;
    }
    ASSERT_EQ(of_level.size(), 3U) << "main program, SysTick, TIM2";
    for (const auto& [exception, count] : of_level)
        EXPECT_GE(count, 5'000U) << "in exception " << exception;
    std::map<heap_event::operation, std::size_t> of_operation;
    for (const heap_event& e : run.events)
        ++of_operation[e.what];
    ASSERT_EQ(of_operation.size(), 4U);
    for (const auto& [operation, count] : of_operation)
        EXPECT_GE(count, 1'000U) << static_cast<int>(operation);

    std::cout << run.calls.size() << " calls, " << run.preempted << " of them preempted by others, "
              << run.events.size() << " events\n";
}

TEST(Calls, AgreeInCallersAndContextsToo) {
    const recording run = recorded(tells::who, 65'000);
    EXPECT_EQ(disagreement(run.calls, run.events, run.arena), "");
    expect_nothing_lost(run);
    EXPECT_GE(run.calls.size(), 100'000U);

    std::set<std::uint32_t> callers;
    for (const heap_event& e : run.events)
        callers.insert(e.caller);
    EXPECT_GE(callers.size(), faces.size() / 2);
    std::cout << run.calls.size() << " calls, " << callers.size() << " callers\n";
}

// Requests of any size, resizes in place that give a tail back at once, blocks of several words.
TEST(Calls, AgreeWhereMostRequestsFallIntoARegion) {
    const recording run = recorded(tells::who_with_region, 65'000);
    EXPECT_EQ(disagreement(run.calls, run.events, run.arena), "");
    expect_nothing_lost(run);
    EXPECT_GE(run.calls.size(), 100'000U);
    EXPECT_GE(run.preempted, 5'000U);

    using operation = heap_event::operation;
    std::map<operation, std::size_t> in_region;
    std::size_t taken = 0;
    std::size_t large = 0; // sizes that are in no event
    std::size_t failed = 0;
    for (const heap_event& e : run.events) {
        if (e.what == operation::failed) ++failed;
        if (e.what == operation::allocate) ++taken;
        if (e.what == operation::failed || e.offset < run.region) continue;
        ++in_region[e.what];
        if (e.size > 1'500) ++large;
    }
    EXPECT_GE(in_region[operation::allocate], taken / 2);
    EXPECT_GE(in_region[operation::deallocate], taken / 2);
    EXPECT_GE(in_region[operation::resize], 5'000U);
    EXPECT_GE(large, 1'000U);
    EXPECT_GE(failed, 1'000U);
    std::cout << run.calls.size() << " calls, " << run.preempted << " of them preempted by others, "
              << taken << " blocks taken, " << in_region[operation::allocate] << " of the region, "
              << in_region[operation::resize] << " resized there, " << large << " large, " << failed
              << " requests failed\n";
}

/// A short run, whose calls and events a test then changes: they must not agree any more.
class ChangedRun : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(disagreement(run_.calls, run_.events, run_.arena), "");
        expect_nothing_lost(run_);
    }

    template <class Change>
    void expect_found(Change change) {
        for (std::size_t at = 3; at + 100 < run_.events.size(); at += run_.events.size() / 20) {
            std::vector<heap_event> events = run_.events;
            change(events, static_cast<std::ptrdiff_t>(at));
            EXPECT_NE(disagreement(run_.calls, events, run_.arena), "") << "event " << at;
        }
    }

    recording run_ = recorded(tells::who, 2'000);
};

using events = std::vector<heap_event>;

TEST_F(ChangedRun, LacksAnEvent) {
    expect_found([](events& all, std::ptrdiff_t at) { all.erase(all.begin() + at); });
}

TEST_F(ChangedRun, TellsAnEventTwice) {
    expect_found([](events& all, std::ptrdiff_t at) {
        all.insert(all.begin() + at, all[static_cast<std::size_t>(at)]);
    });
}

TEST_F(ChangedRun, TellsAnotherSize) {
    expect_found([](events& all, std::ptrdiff_t at) { ++all[static_cast<std::size_t>(at)].size; });
}

TEST_F(ChangedRun, TellsAnotherBlock) {
    expect_found([](events& all, std::ptrdiff_t at) {
        all[static_cast<std::size_t>(at)].offset += 8;
    });
}

TEST_F(ChangedRun, TellsAnotherCaller) {
    expect_found([](events& all, std::ptrdiff_t at) {
        all[static_cast<std::size_t>(at)].caller += 2;
    });
}

TEST_F(ChangedRun, TellsAnotherContext) {
    expect_found([](events& all, std::ptrdiff_t at) { ++all[static_cast<std::size_t>(at)].context; }
    );
}

TEST_F(ChangedRun, TellsAnEventAfterItsCallHasReturned) {
    expect_found([](events& all, std::ptrdiff_t at) {
        const auto late = all.begin() + at;
        std::rotate(late, late + 1, late + 50);
    });
}

TEST_F(ChangedRun, MadeACallThatWasNotTold) {
    const auto told = std::ranges::find_if(run_.calls, [&](const logged_call& call) {
        return !events_of(call, run_.arena).empty();
    });
    ASSERT_NE(told, run_.calls.end());
    run_.calls.insert(told, *told);
    EXPECT_NE(disagreement(run_.calls, run_.events, run_.arena), "");
}

} // namespace
} // namespace drone::calls

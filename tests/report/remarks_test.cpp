// SPDX-License-Identifier: MIT

#include "report/json.hpp"
#include "report/remarks.hpp"
#include "report/sections.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>

namespace drone::report {
namespace {

using ::testing::HasSubstr;

/// A run in which 12 bytes stay live, from a caller at 0x1000, and 64 bytes were refused.
heap_report leaking() {
    heap_report r;
    usage::analysis details(2);
    const trace::change stays{.block = trace::block_number{0}, .size = 12, .caller = 0x1000};
    trace::change goes{.block = trace::block_number{1}, .size = 28};
    details.on_changes(std::array{stays, goes});
    details.on_failure({.size = 64});
    goes.gives_back = true;
    details.on_changes(std::array{goes});
    details.on_live(stays, false);
    r.usage.on_changes(std::array{stays, trace::change{.block = trace::block_number{1}, .size = 28}}
    );
    r.usage.on_failure({.size = 64});
    r.usage.on_changes(std::array{goes});
    r.usage.on_live(stays, false);
    trace::findings found;
    found.failures = 1;
    found.gaps = 2;
    found.lost_events = 37;
    found.suspected_double_frees = 1;
    r.runs.push_back({"heaptrace", found, std::move(details), {}});
    return r;
}

TEST(Remarks, AreNoneWhenThereIsNothingToSay) {
    heap_report r;
    r.runs.push_back({"heaptrace", {}, usage::analysis(0), {}});
    EXPECT_EQ(remarks(r), "");
}

TEST(Remarks, AskForTheStartUpWhereNothingWasEverServed) {
    heap_report r;
    r.usage.on_failure({.size = 64});
    trace::findings found;
    found.failures = 1;
    r.runs.push_back({"heaptrace", found, usage::analysis(0), {}});
    EXPECT_THAT(remarks(r), HasSubstr("does start-up run .preinit_array?"));
    EXPECT_THAT(remarks(leaking()), ::testing::Not(HasSubstr(".preinit_array")));
}

TEST(Remarks, SayGapsWhatIsLiveFailuresAndSuspicions) {
    EXPECT_EQ(
        remarks(leaking()),
        "Gaps: 2, 37 events lost; figures across a gap are uncertain\n"
        "Live when the capture ended: 1 block of 12 bytes, 0 of them certain: the rest may have been "
        "freed where the trace could not be checked\n"
        "  1 block of 12 bytes\n"
        "Failed requests: 1\n"
        "  1 of 64 bytes, the first after event 2 with 40 bytes in 2 blocks live\n"
        "Suspected double frees: 1; lost or damaged words could also be the cause\n"
    );
}

/// A run in which one size keeps growing, from a caller at 0x1000.
heap_report growing(std::uint64_t events) {
    heap_report r;
    trace::findings found;
    found.events = events;
    usage::analysis details(0);
    const trace::change block{.block = trace::block_number{0}, .size = 24, .caller = 0x1000};
    details.on_changes(std::array{block});
    details.on_time(trace::clock::target_ticks, 120'000'000);
    details.on_live(block, true);
    r.usage.on_live(block, true);
    r.runs.push_back(
        {"heaptrace",
         found,
         std::move(details),
         {{.size = 24,
           .caller = 0x1000,
           .grew =
               {.first = 10, .last = 85, .share = 0.75, .rises = 11, .steps = 11, .steady = true}}}}
    );
    r.functions_at = [](std::uint32_t) {
        return std::vector<std::string>{"app::log at log.cpp:3"};
    };
    return r;
}

TEST(Remarks, ALeakIsWhatKeepsGrowingWithItsRate) {
    heap_report r = growing(10'000);
    EXPECT_THAT(
        remarks(r),
        HasSubstr("Leaks: the live count keeps growing\n"
                  "  blocks of 24 bytes from app::log at log.cpp:3: from 10 to 85 live, 10 more in "
                  "1000 events; sure (rose in 11 of 11 parts of the run, never fell)\n")
    );
    r.core_clock = 1'000'000;
    EXPECT_THAT(
        remarks(r), HasSubstr("10 more in 1000 events, 50 in a minute of the target's clock; sure")
    );
}

TEST(Remarks, ARateIsForNoMoreTimeThanTheRunHad) {
    heap_report r = growing(10'000); // 120,000,000 ticks
    r.core_clock = 10'000'000;       // 12 s
    EXPECT_THAT(remarks(r), HasSubstr("1000 events, 8.33 in a second of the target's clock; sure"));
    r.core_clock = 1'000'000'000; // 0.12 s
    EXPECT_THAT(remarks(r), HasSubstr("10 more in 1000 events; sure"));
}

TEST(Remarks, KnowARequestThatNoBlockIsLargeEnoughFor) {
    heap_report r;
    r.usage.on_failure({.size = 428});
    trace::findings found;
    found.failures = 1;
    r.runs.push_back({"heaptrace", found, usage::analysis(0), {}, {}, trace::traced_heap{}});
    trace::traced_heap& heap = *r.runs[0].heap;
    heap.pools = {{.block_size = 16, .capacity = 2}, {.block_size = 104, .capacity = 2}};
    EXPECT_THAT(remarks(r), HasSubstr("1 of 428 bytes"));
    EXPECT_THAT(remarks(r), HasSubstr("live: the largest block has 104\n"));
    EXPECT_THAT(remarks(r), ::testing::Not(HasSubstr(".preinit_array")));
    r.usage.on_failure({.size = 20});
    EXPECT_THAT(remarks(r), HasSubstr("does start-up run .preinit_array?"));
    heap.region.units = 100; // serves any request
    EXPECT_THAT(remarks(r), ::testing::Not(HasSubstr("largest block")));
}

TEST(Remarks, SayWhereABlockWasGivenBackTwice) {
    heap_report r = leaking();
    r.runs[0].found.first_double_free = {9, "the block 2"};
    EXPECT_THAT(
        remarks(r),
        HasSubstr("Suspected double frees: 1; lost or damaged words could also be the cause\n"
                  "  the first at event 9: the block 2\n")
    );
    r.runs[0].found.double_frees = 1;
    EXPECT_THAT(
        remarks(r), HasSubstr("Double frees: 1\n  the first at event 9: the block 2\nSuspected")
    );
}

TEST(Remarks, ALeakIsSuspectedWhereTheTraceIsShortOrHasGaps) {
    EXPECT_THAT(remarks(growing(999)), HasSubstr("; suspected (rose"));
    heap_report r = growing(10'000);
    r.runs[0].found.gaps = 1;
    EXPECT_THAT(remarks(r), HasSubstr("; suspected (rose"));
}

TEST(Remarks, WhatTheProjectCallsPermanentIsNoLeak) {
    for (const char* const named : {"24", "log", "app::log", "app::*", "l?g"}) {
        heap_report r = growing(10'000);
        r.permanent = {"other", named};
        const std::string text = remarks(r);
        EXPECT_THAT(text, testing::Not(HasSubstr("Leaks"))) << named;
        EXPECT_THAT(text, HasSubstr("permanent, as Drone.toml says: 1 block of 24 bytes\n"))
            << named;
    }
    for (const char* const other : {"2", "lo", "pp::log", "log.cpp"}) {
        heap_report r = growing(10'000);
        r.permanent = {other};
        EXPECT_THAT(remarks(r), HasSubstr("Leaks")) << other;
    }
}

TEST(Remarks, APermanentFunctionThatIsNotThereIsReported) {
    heap_report r = growing(10'000);
    r.permanent = {"lek", "log"};
    const std::string text = remarks(r);
    EXPECT_THAT(text, HasSubstr("no size and no function of this trace is \"lek\", which"));
    EXPECT_THAT(text, testing::Not(HasSubstr("is \"log\"")));
}

TEST(Times, SayWhoseClockAndAreSecondsWhereTheCoresClockIsKnown) {
    using trace::clock;
    EXPECT_EQ(time_text(clock::target_ticks, 84, {}), "84 ticks of the target's clock");
    EXPECT_EQ(time_text(clock::target_ticks, 84, 168), "0.500000 s by the target's clock");
    EXPECT_EQ(time_text(clock::microseconds, 84, 168), "0.000084 s by the host's clock");
    EXPECT_EQ(time_text(clock::none, 84, 168), "");
}

TEST(Sections, SayWhoseClockTheirTimesAreOf) {
    heap_report r = growing(10'000);
    EXPECT_THAT(section(r, "age"), HasSubstr("Time (target ticks)"));
    EXPECT_THAT(section(r, "age"), HasSubstr(" 120000000 |"));
    r.core_clock = 60'000'000;
    EXPECT_THAT(section(r, "age"), HasSubstr("Time (target s)"));
    EXPECT_THAT(section(r, "age"), HasSubstr(" 2.000000 |"));
}

TEST(Sections, ShowThePeakWithWhatWasLive) {
    EXPECT_EQ(
        section(leaking(), "peak"),
        "\n"
        "The peak was at event 2:\n"
        " Block Size | Live Blocks | Bytes\n"
        "------------+-------------+-------\n"
        "         12 |           1 |    12\n"
        "         28 |           1 |    28\n"
    );
}

TEST(Sections, NameCallers) {
    heap_report r = leaking();
    r.functions_at = [](std::uint32_t at) {
        return std::vector<std::string>{at == 0x1000 ? "work at main.cpp:3" : "?"};
    };
    EXPECT_THAT(section(r, "caller"), HasSubstr("work at main.cpp:3\n"));
    EXPECT_THAT(section(r, "age"), HasSubstr("uncertain | work at main.cpp:3\n"));
}

TEST(Json, HoldsWhatTheTextSays) {
    const auto json = nlohmann::json::parse(to_json(leaking()));
    EXPECT_EQ(json["heap_size"], nullptr);
    EXPECT_EQ(json["peak_live"]["bytes"], 40);
    EXPECT_EQ(json["sizes"][0]["size"], 12);
    const auto& run = json["runs"][0];
    EXPECT_EQ(run["lost_events"], 37);
    EXPECT_EQ(run["live_at_end"]["bytes"], 12);
    EXPECT_EQ(run["live_at_end"]["certain_blocks"], 0);
    EXPECT_EQ(run["live_at_end"]["by_age"][0]["caller"]["id"], "0x1000");
    EXPECT_EQ(run["failed_requests"]["first"][0]["live_bytes"], 40);
    EXPECT_EQ(run["lifetimes"][0]["longest"], 2);
}

} // namespace
} // namespace drone::report

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
    const trace::change stays{.block = 0, .size = 12, .caller = 0x1000};
    trace::change goes{.block = 1, .size = 28};
    details.on_changes(std::array{stays, goes});
    details.on_failure({.size = 64});
    goes.gives_back = true;
    details.on_changes(std::array{goes});
    details.on_live(stays, false);
    r.usage.on_changes(std::array{stays, trace::change{.block = 1, .size = 28}});
    r.usage.on_failure({.size = 64});
    r.usage.on_changes(std::array{goes});
    r.usage.on_live(stays, false);
    trace::findings found;
    found.failures = 1;
    found.gaps = 2;
    found.lost_events = 37;
    found.suspected_double_frees = 1;
    r.runs.push_back({"heaptrace", found, details});
    return r;
}

TEST(Remarks, AreNoneWhenThereIsNothingToSay) {
    heap_report r;
    r.runs.push_back({"heaptrace", {}, usage::analysis(0)});
    EXPECT_EQ(remarks(r), "");
}

TEST(Remarks, SayGapsLeaksFailuresAndSuspicions) {
    EXPECT_EQ(
        remarks(leaking()),
        "Gaps: 2, 37 events lost; figures across a gap are uncertain\n"
        "Leaks: 1 block of 12 bytes still live at the end, 0 for certain: the rest may have been "
        "given back where the trace could not be checked\n"
        "  1 block of 12 bytes\n"
        "Failed requests: 1\n"
        "  1 of 64 bytes, the first after event 2 with 40 bytes in 2 blocks live\n"
        "Suspected double frees: 1, which lost or damaged words could also make\n"
    );
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

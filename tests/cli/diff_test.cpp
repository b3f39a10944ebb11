// SPDX-License-Identifier: MIT
// Two runs beside each other: a planted leak is found by its caller, and the gate lets nothing past.

#include "tool.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <string>

namespace drone::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

/// 3,000 messages of 100 bytes that come and go; with a leak of 40 bytes in every third.
std::string run_of_messages(bool leaks) {
    std::string log;
    for (int i = 0; i < 3000; ++i) {
        const std::string id = std::to_string(i);
        log += "a m" + id + " 100 @0x100\n";
        if (leaks && i % 3 == 0) log += "a l" + id + " 40 @0x400\n";
        log += "f m" + id + "\n";
    }
    return log;
}

class Diff : public Tool {
protected:
    Diff() {
        write("before", run_of_messages(false));
        write("after", run_of_messages(true));
    }
};

TEST_F(Diff, FindsAPlantedLeakByItsCaller) {
    const outcome left = drone("heap diff before after --json");
    ASSERT_EQ(left.code, 0) << left.err;
    const json d = json::parse(left.out);
    const json& first = d["callers"].at(0);
    EXPECT_EQ(first["functions"], json({"0x400"}));
    EXPECT_EQ(first["became"], "came");
    EXPECT_TRUE(first["keeps_growing"]);
    EXPECT_EQ(first["live_bytes"]["after"], 40'000);
    EXPECT_EQ(first["live_bytes"]["before"], 0);
    EXPECT_EQ(d["callers"].at(1)["became"], "same");
    EXPECT_EQ(d["callers"].at(1)["keeps_growing"], false);
    EXPECT_EQ(d["sizes"].at(0)["size"], 40);
    EXPECT_EQ(d["sizes"].at(0)["became"], "came");
    EXPECT_EQ(d["above_limit"], nullptr);
    const outcome text = drone("heap diff before after");
    EXPECT_THAT(text.out, HasSubstr("came, keeps growing | 0x400"));
}

TEST_F(Diff, TurnedRoundTheLeakWent) {
    const json d = json::parse(drone("heap diff after before --json").out);
    EXPECT_EQ(d["callers"].at(0)["became"], "went");
    EXPECT_FALSE(d["callers"].at(0)["keeps_growing"]);
    EXPECT_EQ(drone("heap diff after before --fail-above 0").code, 0);
}

TEST_F(Diff, FiguresAreThoseOfTheTable) {
    const json d = json::parse(drone("heap diff before after --json").out);
    for (const std::string side : {"before", "after"}) {
        const json table = json::parse(drone("heap -f " + side + " --json").out);
        EXPECT_EQ(d["peak_live"][side], table["peak_live"]["bytes"]);
        EXPECT_EQ(d["maximum_usage"][side], table["maximum_usage"]["bytes"]);
        EXPECT_EQ(d["live_at_end"][side], table["runs"][0]["live_at_end"]["bytes"]);
        EXPECT_EQ(d["events"][side], table["runs"][0]["events"]);
        std::uint64_t at_peak = 0;
        for (const json& caller : d["callers"])
            at_peak += caller["bytes_at_peak"][side].get<std::uint64_t>();
        EXPECT_EQ(at_peak, table["peak_live"]["bytes"]);
    }
}

TEST_F(Diff, ARunIsAsItself) {
    const outcome left = drone("heap diff after after --fail-above 0");
    EXPECT_EQ(left.code, 0);
    EXPECT_EQ(left.err, "");
    EXPECT_THAT(left.out, HasSubstr("By caller: 2 as before"));
}

TEST_F(Diff, TheGateIsAboveTheLimitAndNotAtIt) {
    write("small", "a 1 1000\nf 1\na 2 1000\n");
    write("large", "a 1 1050\nf 1\na 2 1000\n");
    EXPECT_EQ(drone("heap diff small large --fail-above 5%").code, 0);
    EXPECT_EQ(drone("heap diff small large --fail-above 50").code, 0);
    EXPECT_EQ(drone("heap diff small large").code, 0);
    for (const std::string limit : {"4.9%", "49", "0", "0%"}) {
        const outcome left = drone("heap diff small large --fail-above " + limit);
        EXPECT_EQ(left.code, 1) << limit;
        EXPECT_THAT(left.err, testing::MatchesRegex("drone: [^\n]*grew by 50 bytes[^\n]*\n"));
        EXPECT_THAT(left.out, HasSubstr("+50 (+5.00%)")) << "what differs is shown all the same";
    }
}

TEST_F(Diff, TheGateSeesALeakBelowThePeak) {
    write("before", "a 1 1000\nf 1\na 2 8\nf 2\n");
    write("after", "a 1 1000\nf 1\na 2 80\n");
    const outcome left = drone("heap diff before after --fail-above 5%");
    EXPECT_EQ(left.code, 1);
    EXPECT_THAT(left.err, HasSubstr("live at the end"));
}

TEST_F(Diff, ANewFailureIsAboveAnyLimit) {
    write("before", "a 1 1000\nf 1\n");
    write("after", "a 1 1000\nf 1\nx 12\n");
    const outcome left = drone("heap diff before after --fail-above 1000%");
    EXPECT_EQ(left.code, 1);
    EXPECT_THAT(left.err, HasSubstr("1 request failed, 0 before"));
}

TEST_F(Diff, MarkdownSaysTheVerdictAndKeepsItsTables) {
    const outcome left = drone("heap diff before after --fail-above 5% --markdown");
    EXPECT_EQ(left.code, 1);
    EXPECT_THAT(left.out, testing::StartsWith("### Heap: peak 100 → 40100 bytes"));
    EXPECT_THAT(left.out, HasSubstr("**Above the limit:**"));
    EXPECT_THAT(left.out, HasSubstr("| came, keeps growing | `0x400` |"));
    EXPECT_THAT(
        drone("heap diff before before --fail-above 5% --markdown").out,
        HasSubstr("Within the limit.")
    );
}

TEST_F(Diff, TracesWithoutCallersHaveNoTableOfThem) {
    write("small", "a 1 1000\nf 1\n");
    write("large", "a 1 1050\nf 1\n");
    for (const std::string how : {"", " --markdown"}) {
        const outcome neither = drone("heap diff small large" + how);
        EXPECT_THAT(neither.out, HasSubstr("These traces have no callers.\n"));
        EXPECT_THAT(neither.out, Not(HasSubstr("By caller")));
        const outcome one = drone("heap diff before small" + how);
        EXPECT_THAT(one.out, HasSubstr("small has no callers"));
        EXPECT_THAT(one.out, Not(HasSubstr("By caller")));
    }
    EXPECT_FALSE(json::parse(drone("heap diff small before --json").out)["callers_compare"]);
}

TEST_F(Diff, WhatOneTraceDoesNotSayIsNotCompared) {
    const std::string native = DRONE_SOURCE_DIR "/tests/cases/fail.trace";
    const outcome text = drone("heap diff " + native + " before");
    ASSERT_EQ(text.code, 0) << text.err;
    EXPECT_THAT(text.out, Not(HasSubstr("Peak of the region")));
    EXPECT_THAT(text.out, Not(HasSubstr("Size of the heap")));
    const std::string other = DRONE_SOURCE_DIR "/tests/cases/two_layouts.trace";
    EXPECT_THAT(drone("heap diff " + native + " " + other).out, HasSubstr("Size of the heap"));
    const json d = json::parse(drone("heap diff before " + native + " --json").out);
    EXPECT_EQ(d["region_peak"], nullptr);
    EXPECT_EQ(d["heap_size"], nullptr);
}

TEST_F(Diff, AGapIsSaid) {
    const std::string gap = DRONE_SOURCE_DIR "/tests/cases/fail.trace";
    const outcome left = drone("heap diff " + gap + " " + gap);
    EXPECT_EQ(left.code, 0) << left.err;
}

TEST_F(Diff, WrongUsage) {
    for (const std::string words :
         {"heap diff before",
          "heap diff before after --fail-above x",
          "heap diff before after --fail-above -5%",
          "heap diff before after --fail-above nan%",
          "heap diff before after --json --markdown",
          "heap diff before after --elf a --elf b --elf c"})
        EXPECT_EQ(drone(words).code, 2) << words;
    EXPECT_EQ(drone("heap diff before nothing").code, 1);
}

} // namespace
} // namespace drone::cli

// SPDX-License-Identifier: MIT
// Summaries give the layouts that their traces give: every trace in the repository, one by one,
// united, and merged.

#include "tool.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace drone::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::vector<std::string> all_traces() {
    std::vector<std::string> all;
    for (const char* const folder : {"/tests/trace/golden", "/tests/cases"})
        for (const auto& entry :
             std::filesystem::directory_iterator(std::string(DRONE_SOURCE_DIR) + folder)) {
            const std::string name = entry.path().string();
            const bool is_trace = !name.ends_with(".expected") && !name.ends_with(".swo") &&
                                  !name.ends_with(".xz") && !name.ends_with(".toml") &&
                                  !name.ends_with("_v99.txt");
            if (is_trace) all.push_back(name);
        }
    std::ranges::sort(all);
    return all;
}

class Summarise : public Tool {
protected:
    /// What `generate` says of the layout, but for the replay.
    [[nodiscard]] json layout(const std::string& inputs, const std::string& options) const {
        const outcome left =
            drone("heap -f " + inputs + " generate --overflow no --json " + options);
        EXPECT_EQ(left.code, 0) << inputs << " " << options << ": " << left.err;
        if (left.code != 0) return {};
        const json all = json::parse(left.out);
        json kept;
        for (const char* const key :
             {"pools", "size", "used", "lower_bound", "optimal", "headroom"})
            kept[key] = all[key];
        return kept;
    }

    void summarise(const std::string& inputs, const std::string& output) const {
        const outcome left = drone("heap -f " + inputs + " summarise -o " + output);
        EXPECT_EQ(left.code, 0) << inputs << ": " << left.err;
        EXPECT_EQ(left.out, "");
    }

    void expect_same_layouts(const std::string& traces, const std::string& summaries) const {
        for (const std::string options :
             {"--pools auto", "--pools 3", "--pools 3 -s 1M", "--pools 8 -s 1M --headroom balanced"
             })
            EXPECT_EQ(layout(traces, options), layout(summaries, options))
                << traces << " " << options;
    }
};

TEST_F(Summarise, EveryTraceGivesTheSameLayout) {
    const std::vector<std::string> traces = all_traces();
    ASSERT_GT(traces.size(), 10);
    for (const std::string& trace : traces) {
        summarise(trace, "one.demand");
        expect_same_layouts(trace, "one.demand");
        EXPECT_LT(std::filesystem::file_size(folder_ / "one.demand"), 4096) << trace;
    }
}

TEST_F(Summarise, AllTogetherGiveTheSameLayout) {
    std::string traces;
    std::string each;
    std::size_t count = 0;
    for (const std::string& trace : all_traces()) {
        if (trace.ends_with(".zst") || trace.ends_with(".gz")) continue;
        const std::string summary = std::to_string(count++) + ".demand";
        summarise(trace, summary);
        traces += trace + " ";
        each += summary + " ";
    }
    expect_same_layouts(traces, each);
    summarise(each, "merged.demand");
    expect_same_layouts(traces, "merged.demand");
    EXPECT_EQ(shell("cat " + each + " > concatenated.demand").code, 0);
    expect_same_layouts(traces, "concatenated.demand");
    const json head = json::parse(shell("head -1 merged.demand").out);
    EXPECT_EQ(head["runs"], count);
}

TEST_F(Summarise, WhatNeedsTheOrderOfEventsIsRefused) {
    write("heaptrace", "a 1 12\na 2 40\nf 1\n");
    summarise("heaptrace", "x.demand");
    const std::pair<const char*, const char*> lines[] = {
        {"heap -f x.demand generate --overflow yes", "order of events"},
        {"heap -f x.demand generate --squeeze", "order of events"},
        {"heap -f x.demand", "has no events"},
        {"heap diff x.demand heaptrace", "has no events"},
    };
    for (const auto& [words, why] : lines) {
        const outcome left = drone(words);
        EXPECT_EQ(left.code, 1) << words;
        EXPECT_THAT(left.err, HasSubstr(why)) << words;
        EXPECT_EQ(left.out, "") << words;
    }
}

TEST_F(Summarise, DamagedLinesAreLeftOutAndSaid) {
    write("heaptrace", "a 1 12\na 2 40\nf 1\n");
    summarise("heaptrace", "x.demand");
    const std::string good = read("x.demand");
    for (const std::string bad :
         {"{\"live\":{\"12\":-1}}",
          "{\"live\":{\"12/3\":1}}",
          "{\"live\":{\"12\":99999999999}}",
          "{\"live\":[1]}",
          "{",
          "[[[[",
          "{\"drone_demand\":\"x\"}"}) {
        write("bad.demand", good + bad + "\n");
        const outcome left = drone("heap -f bad.demand generate --overflow no --pools 2");
        EXPECT_EQ(left.code, 0) << bad << left.err;
        EXPECT_THAT(left.err, HasSubstr("not one of a summary")) << bad;
    }
    write("new.demand", "{\"drone_demand\":2}\n");
    EXPECT_THAT(drone("heap -f new.demand generate").err, HasSubstr("version 2"));
}

TEST_F(Summarise, ASqlEngineMergesSummariesAndGivesThePools) {
    for (const std::string part : {"1", "2", "3"}) {
        write("run" + part, "a 1 12 4\na 2 12 4\na x 40 4\nf 1\na 3 12 4\n");
        summarise("run" + part, part + ".demand");
    }
    write(
        "run4", "a 1 12 4\na 2 12 4\na 3 12 4\na 4 12 4\nf 1\nf 2\nf 3\nf 4\na 5 40 4\na 6 40 4\n"
    );
    summarise("run4", "4.demand");
    const outcome made =
        shell("cat *.demand > all.jsonl; sqlite3 :memory: < " DRONE_SOURCE_DIR "/docs/fleet.sql");
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(made.err, "");
    // Blocks up to 12 bytes: 4 in run 4; the others: 2, in run 4 too; both together: 4.
    EXPECT_THAT(made.out, HasSubstr("0|12|4\n"));
    EXPECT_THAT(made.out, HasSubstr("12|40|2\n"));
    EXPECT_THAT(made.out, HasSubstr("0|40|4\n"));
    const json one = layout("run1 run2 run3 run4", "--pools 2");
    EXPECT_EQ(one["pools"].dump(), R"([{"block":12,"capacity":4},{"block":40,"capacity":2}])");
}

} // namespace
} // namespace drone::cli

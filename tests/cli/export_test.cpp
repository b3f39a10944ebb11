// SPDX-License-Identifier: MIT
// Exports say what `drone heap --json` says. tests/exports/readers opens them with the programs that
// they are for.

#include "tool.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace drone::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::string golden = DRONE_SOURCE_DIR "/tests/trace/golden/";

/// Three callers, times, a resize, a failure, a block that stays.
constexpr const char* calls = "t 10\n"
                              "a 1 100 8 @0x100\n"
                              "a 2 24 4 @0x200\n"
                              "t 2500\n"
                              "r 2 64\n"
                              "f 1\n"
                              "x 4096 8 @0x300\n"
                              "a 3 12 4 @0x200\n"
                              "t 7000\n"
                              "f 2\n";

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

class Export : public Tool {
protected:
    Export() { write("calls.log", calls); }

    [[nodiscard]] std::string exported(const std::string& file, const std::string& options) const {
        const outcome left = drone("heap -f " + file + " export --as " + options);
        EXPECT_EQ(left.code, 0) << file << " " << options << ": " << left.err;
        return left.out;
    }
    [[nodiscard]] json heap(const std::string& file) const {
        return json::parse(drone("heap -f " + file + " --json").out);
    }
    /// Of all callers.
    [[nodiscard]] static std::uint64_t sum(const json& heap, const char* key) {
        std::uint64_t all = 0;
        for (const json& caller : heap["runs"][0]["callers"])
            all += caller[key].get<std::uint64_t>();
        return all;
    }

    const std::vector<std::string> files = {
        "calls.log",
        golden + "heaptrack.zst",
        golden + "heaptrack_raw.gz",
        golden + "native_1_digests",
        golden + "drone_0_14",
        golden + "allocation_log",
        DRONE_SOURCE_DIR "/tests/cases/fail.trace",
        DRONE_SOURCE_DIR "/tests/cases/two_layouts.trace",
    };
};

TEST_F(Export, TheLogIsTheSameRun) {
    for (const std::string& file : files) {
        write("again.log", exported(file, "log"));
        const json before = heap(file);
        const json after = heap("again.log");
        EXPECT_EQ(before["sizes"], after["sizes"]) << file;
        EXPECT_EQ(before["peak_live"], after["peak_live"]) << file;
        EXPECT_EQ(before["maximum_usage"], after["maximum_usage"]) << file;
        for (const char* const key : {"blocks", "bytes"})
            EXPECT_EQ(before["runs"][0]["live_at_end"][key], after["runs"][0]["live_at_end"][key])
                << file;
        EXPECT_EQ(before["runs"][0]["failures"], after["runs"][0]["failures"]) << file;
    }
    EXPECT_THAT(exported("calls.log", "log"), Not(HasSubstr("a 2 12")));
    EXPECT_THAT(exported("calls.log", "log"), HasSubstr("t 2500\nr 2 64\n"));
}

TEST_F(Export, TheLogKeepsStacks) {
    write(
        "deep.log",
        "s deep 0x100 0x200 0x300\na 1 8 @deep\ns cut 0x100 0x200 ...\na 2 16 @cut\na 3 4 @0x100\n"
    );
    write("again.log", exported("deep.log", "log"));
    const auto callers = [](const json& run) {
        json all = json::array();
        for (const json& one : run["runs"][0]["callers"])
            all.push_back(
                {one["bytes"], one["caller"]["functions"], one["caller"].value("whole", true)}
            );
        return all;
    };
    const json before = callers(heap("deep.log"));
    EXPECT_EQ(callers(heap("again.log")), before);
    EXPECT_EQ(before.size(), 3);
    // Anonymised, each frame has a number, and the same frame the same one.
    const std::string anonymous = exported("deep.log", "log --anonymise");
    EXPECT_THAT(anonymous, HasSubstr("s s1 0x1 0x2 0x3\n"));
    EXPECT_THAT(anonymous, HasSubstr("s s2 0x1 0x2 ...\n"));
    EXPECT_THAT(anonymous, HasSubstr("a 3 4 @0x1\n"));
}

TEST_F(Export, EventsAreAllThere) {
    for (const std::string& file : files) {
        const json all = heap(file);
        std::uint64_t peak = 0;
        std::uint64_t events = 0;
        std::uint64_t live = 0;
        for (const std::string& line : lines_of(exported(file, "jsonl"))) {
            const json event = json::parse(line);
            if (!event.contains("event")) continue;
            ++events;
            live = event["live_bytes"].get<std::uint64_t>();
            const bool copied = event.value("copied", false);
            peak = std::max(peak, live + (copied ? event["old_size"].get<std::uint64_t>() : 0));
        }
        EXPECT_EQ(peak, all["peak_live"]["bytes"]) << file;
        EXPECT_EQ(live, all["runs"][0]["live_at_end"]["bytes"]) << file;
        EXPECT_EQ(lines_of(exported(file, "csv")).size(), events + 1) << file;
    }
}

TEST_F(Export, CsvIsForSpreadsheets) {
    const auto lines = lines_of(exported("calls.log", "csv"));
    EXPECT_EQ(
        lines.at(0),
        "event,time_us,what,block,size,old_size,alignment,context,live_bytes,live_blocks,caller,functions"
    );
    EXPECT_EQ(lines.at(1), "1,10.000,allocate,1,100,,8,,100,1,0x100,\"0x100\"");
    EXPECT_EQ(lines.at(3), "3,2500.000,resize,2,64,24,,,164,2,0x200,\"0x200\"");
    EXPECT_EQ(lines.at(5), "5,2500.000,fail,,4096,,8,,64,1,0x300,\"0x300\"");
}

TEST_F(Export, SpeedscopeHasThreeViewsWithOurSums) {
    for (const std::string& file : files) {
        const json all = heap(file);
        const json made = json::parse(exported(file, "speedscope"));
        const std::size_t frames = made["shared"]["frames"].size();
        const std::vector<std::uint64_t> sums = {
            sum(all, "bytes_at_peak"), sum(all, "bytes"), sum(all, "live_bytes")
        };
        EXPECT_EQ(sums[0], all["peak_live"]["bytes"]) << file;
        ASSERT_EQ(made["profiles"].size(), sums.size());
        for (std::size_t view = 0; view < sums.size(); ++view) {
            const json& profile = made["profiles"][view];
            EXPECT_EQ(profile["samples"].size(), profile["weights"].size());
            std::uint64_t weight = 0;
            for (const json& w : profile["weights"])
                weight += w.get<std::uint64_t>();
            EXPECT_EQ(weight, sums[view]) << file << view;
            EXPECT_EQ(profile["endValue"], sums[view]) << file << view;
            for (const json& sample : profile["samples"])
                for (const json& frame : sample)
                    EXPECT_LT(frame.get<std::size_t>(), frames);
        }
    }
}

std::uint64_t own_sizes(const json& node) {
    std::uint64_t bytes = node["selfSize"].get<std::uint64_t>();
    for (const json& child : node["children"])
        bytes += own_sizes(child);
    return bytes;
}

TEST_F(Export, HeapprofileHoldsThePeak) {
    for (const std::string& file : files)
        EXPECT_EQ(
            own_sizes(json::parse(exported(file, "heapprofile"))["head"]),
            heap(file)["peak_live"]["bytes"]
        ) << file;
}

/// Every column of a table is as long as the table says, and its indices are rows.
void expect_table(const json& table, const std::map<std::string, std::size_t>& rows) {
    for (const auto& [name, column] : table.items()) {
        if (!column.is_array()) continue;
        EXPECT_EQ(column.size(), table["length"]) << name;
        const auto limit = rows.find(name);
        if (limit == rows.end()) continue;
        for (const json& index : column)
            if (!index.is_null()) {
                EXPECT_LT(index.get<std::int64_t>(), static_cast<std::int64_t>(limit->second))
                    << name;
            }
    }
}

TEST_F(Export, FirefoxTablesAreWhole) {
    for (const std::string& file : files) {
        const json made = json::parse(exported(file, "firefox"));
        EXPECT_EQ(made["meta"]["preprocessedProfileVersion"], 48);
        const json& thread = made["threads"][0];
        const std::size_t strings = thread["stringArray"].size();
        const std::size_t stacks = thread["stackTable"]["length"].get<std::size_t>();
        const std::size_t frames = thread["frameTable"]["length"].get<std::size_t>();
        const std::size_t functions = thread["funcTable"]["length"].get<std::size_t>();
        expect_table(thread["stackTable"], {{"frame", frames}, {"prefix", stacks}});
        expect_table(thread["frameTable"], {{"func", functions}});
        expect_table(thread["funcTable"], {{"name", strings}, {"fileName", strings}});
        const json& allocations = thread["nativeAllocations"];
        expect_table(allocations, {{"stack", stacks}});
        std::int64_t live = 0;
        std::set<std::uint64_t> blocks;
        for (std::size_t i = 0; i < allocations["length"]; ++i) {
            const auto weight = allocations["weight"][i].get<std::int64_t>();
            live += weight;
            const auto block = allocations["memoryAddress"][i].get<std::uint64_t>();
            const bool fits = weight < 0 ? blocks.erase(block) == 1 : blocks.insert(block).second;
            EXPECT_TRUE(fits || weight == 0);
        }
        EXPECT_EQ(live, heap(file)["runs"][0]["live_at_end"]["bytes"].get<std::int64_t>()) << file;
        expect_table(made["counters"][0]["samples"], {});
    }
}

TEST_F(Export, PerfettoSlicesAndCountersAgree) {
    for (const std::string& file : files) {
        const json made = json::parse(exported(file, "perfetto"));
        std::set<std::uint64_t> open;
        std::uint64_t failed = 0;
        std::map<std::string, std::uint64_t> most;
        double now = 0;
        for (const json& event : made["traceEvents"]) {
            const std::string kind = event["ph"];
            if (kind == "M") continue;
            EXPECT_GE(event["ts"].get<double>(), now);
            now = event["ts"];
            if (kind == "b") {
                EXPECT_TRUE(open.insert(event["id"].get<std::uint64_t>()).second);
            }
            if (kind == "e") {
                EXPECT_EQ(open.erase(event["id"].get<std::uint64_t>()), 1);
            }
            if (kind == "i")
                failed += event["name"].get<std::string>().starts_with("failed") ? 1 : 0;
            if (kind != "C") continue;
            auto& value = most[event["name"]];
            value = std::max(value, event["args"]["value"].get<std::uint64_t>());
        }
        const json run = heap(file)["runs"][0];
        EXPECT_EQ(open.size(), run["live_at_end"]["blocks"]) << file;
        EXPECT_EQ(failed, run["failures"]) << file;
        if (file.ends_with("two_layouts.trace")) continue; // pools of the first layout are shown
        for (const json& pool : run["pools"])
            EXPECT_EQ(
                most["pool of " + std::to_string(pool["block"].get<std::uint32_t>())],
                pool["max_load"]
            ) << file;
    }
}

TEST_F(Export, AnonymisedNamesNothingAndKeepsSizesAndOrder) {
    const std::string file = golden + "heaptrack.zst";
    std::vector<std::string> names;
    const json table = heap(file);
    for (const json& caller : table["runs"][0]["callers"])
        for (const json& function : caller["caller"]["functions"])
            names.push_back(
                function.get<std::string>().substr(0, function.get<std::string>().find(" at "))
            );
    // "main" is part of other words, too.
    std::erase_if(names, [](const std::string& name) { return name.size() < 5; });
    ASSERT_FALSE(names.empty());
    for (const std::string format :
         {"log",
          "jsonl",
          "csv",
          "speedscope",
          "callgrind",
          "massif",
          "heaptrack",
          "perfetto",
          "firefox",
          "heapprofile"}) {
        const std::string made = exported(file, format + " --anonymise");
        for (const std::string& name : names)
            EXPECT_THAT(made, Not(HasSubstr(name))) << format;
        EXPECT_THAT(made, Not(HasSubstr("heaptrack.zst"))) << format;
    }
    write("anonymous.log", exported(file, "log --anonymise"));
    EXPECT_EQ(heap(file)["sizes"], heap("anonymous.log")["sizes"]);
    EXPECT_EQ(heap(file)["peak_live"], heap("anonymous.log")["peak_live"]);
    EXPECT_THAT(exported("calls.log", "log --anonymise"), HasSubstr("a 1 100 8 @0x1\n"));
}

TEST_F(Export, GoesToTheFileThatOutputNames) {
    const outcome left = drone("heap -f calls.log export --as pprof -o x.pb.gz");
    EXPECT_EQ(left.code, 0) << left.err;
    EXPECT_EQ(left.out, "");
    EXPECT_EQ(read("x.pb.gz").substr(0, 2), "\x1f\x8b");
    EXPECT_EQ(drone("heap -f calls.log export --as csv -o /nothing/x").code, 1);
    EXPECT_EQ(drone("heap -f calls.log export --as csv > /dev/full").code, 1);
    EXPECT_EQ(drone("heap -f calls.log export --as csv -o /dev/full").code, 1);
    EXPECT_EQ(drone("heap -f calls.log calls.log export --as csv").code, 0) << "named twice is one";
    write("other.log", "a 1 4\n");
    EXPECT_EQ(drone("heap -f calls.log other.log export --as csv").code, 2);
    EXPECT_EQ(drone("heap -f calls.log export --as xml").code, 2);
    EXPECT_EQ(drone("heap -f calls.log export").code, 2);
}

} // namespace
} // namespace drone::cli

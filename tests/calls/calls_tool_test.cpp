// SPDX-License-Identifier: MIT
// What `drone log` and `drone heap --json` say of a run, against its logged calls.

#include "agreement.hpp"
#include "recording.hpp"
#include "tool.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace drone::calls {
namespace {

using json = nlohmann::json;

/// The figures of `drone heap`, counted from events.
struct tally {
    struct of_size {
        std::uint64_t total = 0;
        std::uint64_t live = 0;
        std::uint64_t max_load = 0;
    };
    std::map<std::uint32_t, of_size> sizes;
    std::map<std::uint32_t, std::uint64_t> failures;
    std::map<std::uint32_t, std::uint32_t> live; // sizes by offset
    std::uint64_t live_bytes = 0;
    std::uint64_t peak_bytes = 0;

    void count(const heap_event& e) {
        using operation = heap_event::operation;
        if (e.what == operation::failed) {
            ++failures[e.size];
            return;
        }
        if (e.what != operation::allocate) {
            const auto taken = live.find(e.offset);
            ASSERT_NE(taken, live.end());
            live_bytes -= taken->second;
            --sizes[taken->second].live;
            live.erase(taken);
        }
        if (e.what == operation::deallocate) return;
        live[e.offset] = e.size;
        live_bytes += e.size;
        peak_bytes = std::max(peak_bytes, live_bytes);
        of_size& now = sizes[e.size];
        ++now.total;
        now.max_load = std::max(now.max_load, ++now.live);
    }
};

json table_of(const tally& counted) {
    json rows = json::array();
    for (const auto& [size, of_size] : counted.sizes)
        rows.push_back({{"size", size}, {"max_load", of_size.max_load}, {"total", of_size.total}});
    return rows;
}

json failures_of(const tally& counted) {
    json rows = json::array();
    for (const auto& [size, count] : counted.failures)
        rows.push_back({{"size", size}, {"count", count}});
    return rows;
}

using CallsAndTheTool = cli::Tool;

TEST_F(CallsAndTheTool, CountTheSame) {
    const recording run = record(tells::events, 20'000, folder_ / "heaptrace.expected");
    ASSERT_EQ(disagreement(run.calls, run.events, run.arena), "");
    tally counted;
    for (const heap_event& e : run.events)
        ASSERT_NO_FATAL_FAILURE(counted.count(e));

    write("swo", std::string(run.sent.begin(), run.sent.end()));
    const cli::outcome logged = drone("log --input swo --format swo heaptrace:31");
    ASSERT_EQ(logged.code, 0) << logged.err;
    EXPECT_EQ(read("heaptrace"), read("heaptrace.expected"));

    const cli::outcome told = drone("heap --json");
    ASSERT_EQ(told.code, 0) << told.err;
    const json heap = json::parse(told.out);
    EXPECT_EQ(heap["sizes"], table_of(counted));
    EXPECT_EQ(heap["peak_live"]["bytes"], counted.peak_bytes);
    const json& details = heap["runs"][0];
    EXPECT_EQ(details["events"], run.events.size());
    EXPECT_EQ(details["gaps"], 0);
    EXPECT_EQ(details["double_frees"], 0);
    EXPECT_EQ(details["freed_unknown"], 0);
    EXPECT_EQ(details["failed_requests"]["by_size"], failures_of(counted));
    EXPECT_EQ(details["live_at_end"]["blocks"], counted.live.size());
    EXPECT_EQ(details["live_at_end"]["bytes"], counted.live_bytes);
}

} // namespace
} // namespace drone::calls

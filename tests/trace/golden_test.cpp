// SPDX-License-Identifier: MIT

// Recorded traces of every format and version read as they always did. DRONE_UPDATE_GOLDENS=1 in
// the environment writes what is read now beside them; look at the difference before it is
// committed.

#include "paths.hpp"
#include "trace/read.hpp"
#include "usage/analysis.hpp"
#include "usage/statistics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace drone::trace {
namespace {

std::string describe(const std::filesystem::path& file) {
    const auto from = source::open(file);
    if (!from) return from.error().message + "\n";
    usage::statistics usage;
    const auto found = from->read(usage);
    if (!found) return found.error().message + "\n";
    usage::analysis details(usage.peak_event());
    EXPECT_TRUE(from->read(details));
    std::string text = fmt::format("format {}\nevents {}\n", name(found->format), found->events);
    for (const usage::size_usage& row : usage.rows())
        text += fmt::format("size {}: {} of {}\n", row.size, row.max_load, row.total);
    text += fmt::format(
        "peak {} at {}, time {}\n", usage.peak_bytes(), details.peak().event, details.peak().time
    );
    text += fmt::format(
        "lost {}, gaps {}, damaged {}, repeated {}, failures {}\n",
        found->lost_events,
        found->gaps,
        found->damaged,
        found->repeated,
        found->failures
    );
    text += fmt::format(
        "double frees {}, suspected {}, unknown {}\n",
        found->double_frees,
        found->suspected_double_frees,
        found->freed_unknown
    );
    for (const usage::live_block& block : details.live_at_end())
        text += fmt::format(
            "live {} since {}, caller {:x}, {}\n",
            block.size,
            block.taken ? block.taken->event : 0,
            block.caller,
            block.certain ? "certain" : "uncertain"
        );
    for (const usage::pool_usage& pool : details.pools())
        text += fmt::format("pool {}: {} of {}\n", pool.pool.block_size, pool.max_load, pool.total);
    for (const std::string& notice : found->notices)
        text += notice + "\n";
    return text;
}

TEST(GoldenTraces, ReadAsTheyAlwaysDid) {
    std::size_t traces = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(DRONE_SOURCE_DIR "/tests/trace/golden")) {
        if (entry.path().extension() == ".expected") continue;
        SCOPED_TRACE(entry.path().filename());
        ++traces;
        const std::string expected = entry.path().string() + ".expected";
        const std::string now = describe(entry.path());
        if (std::getenv("DRONE_UPDATE_GOLDENS") != nullptr) std::ofstream(expected) << now;
        std::ifstream file(expected);
        std::stringstream before;
        before << file.rdbuf();
        EXPECT_EQ(now, before.str());
    }
    EXPECT_GE(traces, 7);
}

} // namespace
} // namespace drone::trace

// SPDX-License-Identifier: MIT
// A summary gives the layout that its runs give.

#include "layout/loads.hpp"
#include "layout/plan.hpp"
#include "layout/pool_graph.hpp"
#include "layout/summary.hpp"
#include "random_blocks.hpp"
#include "runs.hpp"
#include "usage/make_demand.hpp"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <tuple>
#include <unistd.h>

namespace drone::layout {
namespace {

using layout_test::pointers;
using layout_test::random_run;
using layout_test::run_of;
using layout_test::run_through;

/// The text as the tool reads a file with it.
usage::demand read_back(const std::string& text) {
    const auto file =
        std::filesystem::temp_directory_path() / ("drone-summary-" + std::to_string(::getpid()));
    std::ofstream(file, std::ios::binary) << text;
    const auto source = trace::source::open(file);
    EXPECT_TRUE(source.has_value()) << source.error().message;
    auto made = usage::make_demand(*source);
    std::filesystem::remove(file);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return *std::move(made);
}

usage::demand summary_of(std::span<const usage::demand> runs) {
    const auto made = summarise(runs);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return read_back(to_lines(*made));
}

std::vector<usage::demand> some_runs(std::uint32_t seed) {
    std::mt19937 random(seed);
    const std::vector<std::vector<std::uint32_t>> levels = {{4}, {4, 8}, {8}, {4, 8, 32}};
    std::vector<usage::demand> runs;
    for (std::size_t count = 1 + random() % 3; count > 0; --count)
        runs.push_back(random_run(
            random,
            {.classes = 1 + random() % 9,
             .largest = 16U << random() % 4,
             .alignments = levels[random() % levels.size()],
             .steps = 20 + random() % 200}
        ));
    return runs;
}

std::vector<class_set> graph_sets(const workload& work) {
    const auto graph = pool_graph::of(work, {.most_pools = 16, .edge_limit = 1'000'000});
    std::vector<class_set> sets;
    for (pool_graph::edge_id edge = 0; edge < graph->edge_count(); ++edge)
        sets.push_back(graph->classes(edge));
    return sets;
}

std::vector<std::int64_t> loads_of(const workload& work, const std::vector<class_set>& sets) {
    std::vector<peak> peaks(sets.size());
    load_index(work).raise_peaks(sets, peaks);
    std::vector<std::int64_t> loads;
    for (const peak& p : peaks)
        loads.push_back(p.load);
    return loads;
}

RC_GTEST_PROP(Summary, EveryPoolOfAnyLayoutHasTheSameLoad, (std::uint32_t seed)) {
    const std::vector<usage::demand> runs = some_runs(seed);
    const std::vector<usage::demand> summary = {summary_of(runs)};
    const auto work = workload::of(pointers(runs));
    const auto read = workload::of(pointers(summary));
    RC_ASSERT(work->classes() == read->classes());
    const std::vector<class_set> sets = graph_sets(*work);
    RC_ASSERT(loads_of(*work, sets) == loads_of(*read, sets));
}

/// All of a plan that does not say how the events were replayed.
auto essence(const result<plan>& made) {
    using pools = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
    if (!made)
        return std::tuple(pools{}, std::uint32_t{0}, std::int64_t{0}, std::int64_t{0}, false);
    pools list;
    for (const pool_spec& pool : made->pools)
        list.emplace_back(pool.block, pool.capacity);
    return std::tuple(list, made->size, made->used, made->lower_bound, made->optimal);
}

void expect_same_layouts(
    std::span<const usage::demand> runs,
    std::span<const usage::demand> summaries,
    std::uint32_t seed
) {
    std::vector<std::uint32_t> keep;
    if (seed % 3 == 0) keep = {16};
    auto from_runs = planner::of(runs, {.most_pools = 8, .keep = keep});
    auto from_summaries = planner::of(summaries, {.most_pools = 8, .keep = keep});
    RC_ASSERT(from_runs.has_value());
    RC_ASSERT(from_summaries.has_value());
    if (from_runs->empty()) return;
    for (std::size_t pools = 1; pools <= 8; ++pools)
        for (const headroom rule :
             {headroom::spread, headroom::none, headroom::scale, headroom::balanced})
            for (const std::optional<std::uint64_t> size :
                 {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(20'000)}) {
                const plan_request wanted{.pools = pools, .size = size, .rule = rule};
                RC_ASSERT(
                    essence(from_runs->make(wanted)) == essence(from_summaries->make(wanted))
                );
            }
}

RC_GTEST_PROP(Summary, GivesTheSameLayouts, (std::uint32_t seed)) {
    std::vector<usage::demand> runs = some_runs(seed);
    if (seed % 2 == 0) runs.front().missing = {.gaps = 2, .lost_events = 3};
    const std::vector<usage::demand> whole = {summary_of(runs)};
    expect_same_layouts(runs, whole, seed);
    std::vector<usage::demand> each;
    for (const usage::demand& run : runs)
        each.push_back(summary_of({&run, 1}));
    expect_same_layouts(runs, each, seed);
    // Merged: summarised once more, or one file after the other.
    expect_same_layouts(runs, std::vector{summary_of(each)}, seed);
    std::string text;
    for (const usage::demand& run : runs)
        text += to_lines(*summarise({&run, 1}));
    expect_same_layouts(runs, std::vector{read_back(text)}, seed);
}

TEST(Summary, IsTheMomentsThatMatter) {
    const std::vector runs = {run_through({{4}, {8}}, {{3, 0}, {2, 2}, {0, 3}, {1, 1}, {3, 0}})};
    const auto made = summarise(runs);
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(
        to_lines(*made),
        R"({"drone_demand":1,"runs":1,"events":15,"steps":15,"gaps":0,"lost_events":0,"failed":0,"left_out":0,"builds":[]})"
        "\n"
        R"({"live":{"4":2,"8":2}})"
        "\n"
        R"({"live":{"4":3}})"
        "\n"
        R"({"live":{"8":3}})"
        "\n"
    );
}

TEST(Summary, LeavesOutWhatNoHeapOfThatSizeCanServe) {
    usage::demand run = run_of({{8}, {4096}}, {1, -1, 2, -2});
    run.failures.push_back({.at = 2});
    const std::vector runs = {run};
    const auto small = summarise(runs, 1024);
    ASSERT_TRUE(small.has_value());
    EXPECT_EQ(small->left_out, 1);
    EXPECT_EQ(small->classes, (std::vector{block_class{8, 4}}));
    EXPECT_EQ(summarise(runs)->left_out, 0);
}

TEST(Summary, SetsAreClosedUnderLeavingClassesOut) {
    const std::vector<usage::demand> both = {
        run_of({{12}, {20}, {16, 8}}, {1, 2, 3}),
        run_of({{8}, {24}, {24, 8}, {64, 32}}, {1, 2, 3, 4})
    };
    const auto all = workload::of(pointers(both));
    const std::span<const usage::demand> first(both.data(), 1);
    const auto own = workload::of(pointers(first));
    const auto as_own = [&](const class_set& set) {
        std::vector<std::uint32_t> members;
        for (const class_range& range : set)
            for (std::uint32_t c = range.first; c < range.last; ++c) {
                const auto found = std::ranges::find(own->classes(), all->classes()[c]);
                if (found != own->classes().end())
                    members.push_back(static_cast<std::uint32_t>(found - own->classes().begin()));
            }
        return members;
    };
    std::vector<std::vector<std::uint32_t>> known;
    const auto own_sets = pool_sets(*own, 10'000);
    for (const class_set& set : *own_sets) {
        std::vector<std::uint32_t> members;
        for (const class_range& range : set)
            for (std::uint32_t c = range.first; c < range.last; ++c)
                members.push_back(c);
        known.push_back(members);
    }
    const auto all_sets = pool_sets(*all, 10'000);
    for (const class_set& set : *all_sets) {
        const auto members = as_own(set);
        if (members.empty()) continue;
        EXPECT_THAT(known, testing::Contains(members));
    }
}

} // namespace
} // namespace drone::layout

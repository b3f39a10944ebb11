// SPDX-License-Identifier: MIT

// A line of the table for every allocation log: what layouts need, in bytes, ours and others'.
//
//     layout_compare NAME=LOG...

#include "layout/plan.hpp"
#include "trace/read.hpp"
#include "usage/make_demand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace drone; // NOLINT(google-build-using-namespace)

/// Most live blocks of every block size, and the sizes, ascending.
struct maxima {
    std::vector<std::uint32_t> sizes;
    std::vector<std::int64_t> most;
};

maxima maxima_of(const usage::demand& run) {
    std::vector<std::uint32_t> block_of;
    maxima found;
    for (const usage::request_class& request : run.classes) {
        const auto block = layout::block_of(request);
        block_of.push_back(block ? block->block : 0);
        found.sizes.push_back(block_of.back());
    }
    std::ranges::sort(found.sizes);
    found.sizes.erase(std::ranges::unique(found.sizes).begin(), found.sizes.end());
    usage::by_class<std::size_t> place;
    for (const std::uint32_t block : block_of)
        place.push_back(static_cast<std::size_t>(
            std::ranges::lower_bound(found.sizes, block) - found.sizes.begin()
        ));
    found.most.resize(found.sizes.size());
    std::vector<std::int64_t> live(found.sizes.size());
    for (const usage::step step : run.steps) {
        const std::size_t at = place[step.number()];
        live[at] += step.gives_back() ? -1 : 1;
        found.most[at] = std::max(found.most[at], live[at]);
    }
    return found;
}

/// The ancestor's rule: maxima are added up, whenever they were, and with more sizes than pools the
/// two largest always share one. Its greedy merging is given the benefit of an exact search here.
std::int64_t ancestor(const maxima& known, std::size_t pools) {
    const std::size_t count = known.sizes.size();
    constexpr std::int64_t never = INT64_MAX / 2;
    std::vector<std::int64_t> sum(count + 1);
    for (std::size_t at = 0; at < count; ++at)
        sum[at + 1] = sum[at] + known.most[at];
    std::vector<std::int64_t> least(count + 1, never);
    least[0] = 0;
    for (std::size_t pool = 0; pool < pools; ++pool) {
        std::vector<std::int64_t> next = least;
        for (std::size_t to = 1; to <= count; ++to) {
            const bool merges = to == count && count > pools;
            for (std::size_t from = 0; from + (merges ? 1 : 0) < to; ++from)
                next[to] =
                    std::min(next[to], least[from] + known.sizes[to - 1] * (sum[to] - sum[from]));
        }
        least = next;
    }
    return least[count];
}

/// A pool for every power of two, each with what is live in it at most.
std::int64_t powers_of_two(const usage::demand& run) {
    std::vector<std::int64_t> live(33);
    std::vector<std::int64_t> most(33);
    for (const usage::step step : run.steps) {
        const auto block = layout::block_of(run.classes[step.number()]);
        const auto power = static_cast<std::size_t>(std::bit_width(block ? block->block - 1 : 0));
        live[power] += step.gives_back() ? -1 : 1;
        most[power] = std::max(most[power], live[power]);
    }
    std::int64_t bytes = 0;
    for (std::size_t power = 0; power < most.size(); ++power)
        bytes += most[power] << power;
    return bytes;
}

std::int64_t peak_live(const usage::demand& run) {
    std::int64_t now = 0;
    std::int64_t most = 0;
    for (const usage::step step : run.steps) {
        const std::int64_t size = run.classes[step.number()].size;
        now += step.gives_back() ? -size : size;
        most = std::max(most, now);
    }
    return most;
}

result<std::string> line(std::string_view name, const std::string& file) {
    const auto source = trace::source::open(file);
    if (!source) return std::unexpected(source.error());
    const auto run = usage::make_demand(*source);
    if (!run) return std::unexpected(run.error());
    const std::vector runs = {*run};
    const maxima known = maxima_of(*run);
    const std::clock_t start = std::clock();
    auto planner = layout::planner::of(runs, {.most_pools = 16});
    if (!planner) return std::unexpected(planner.error());
    std::string ours;
    std::string theirs;
    std::string proved;
    for (const std::size_t pools : {5, 8, 16}) {
        const auto curve = planner->curve(pools, pools);
        if (curve.empty()) return fail("no layout");
        ours += fmt::format(" {:11} |", curve[0].used);
        theirs += fmt::format(" {:11} |", ancestor(known, pools));
        if (!curve[0].optimal) proved += " not proved";
        const bool has_choice = known.sizes.size() > pools;
        if (has_choice ? curve[0].used >= ancestor(known, pools)
                       : curve[0].used > ancestor(known, pools))
            proved += " NOT BELOW";
    }
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    return fmt::format(
        "| {:10} | {:9} | {:5} | {:11} |{}{} {:11} | {:6.3f} |{}\n",
        name,
        run->steps.size(),
        known.sizes.size(),
        peak_live(*run),
        ours,
        theirs,
        powers_of_two(*run),
        seconds,
        proved
    );
}

} // namespace

int main(int argc, char** argv) {
    fmt::print(
        "| program    |    events | sizes |   peak live |      ours 5 |      ours 8 |     ours 16 |"
        "  ancestor 5 |  ancestor 8 | ancestor 16 |  powers of 2 | ours, s |\n"
        "|------------|----------:|------:|------------:|------------:|------------:|------------:|"
        "------------:|------------:|------------:|-------------:|--------:|\n"
    );
    for (int index = 1; index < argc; ++index) {
        const std::string_view argument = argv[index];
        const std::size_t equals = argument.find('=');
        const auto printed =
            line(argument.substr(0, equals), std::string(argument.substr(equals + 1)));
        if (!printed) {
            fmt::print(stderr, "{}: {}\n", argument, printed.error().message);
            return 1;
        }
        fmt::print("{}", *printed);
        std::fflush(stdout);
    }
    return 0;
}

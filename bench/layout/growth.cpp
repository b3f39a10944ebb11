// SPDX-License-Identifier: MIT

// How long the exact search takes, and how that grows with events, sizes and pools. One core, the
// run in memory; making the run is not counted.
//
//     layout_growth                                 the tables, up to 10^8 events
//     layout_growth EVENTS SIZES POOLS [ALIGNMENTS] one line

#include "layout/bound.hpp"
#include "layout/optimum.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace drone; // NOLINT(google-build-using-namespace)

class generator {
public:
    explicit generator(std::uint64_t seed) : state_(seed) {}
    std::uint32_t next() {
        state_ ^= state_ << 13U;
        state_ ^= state_ >> 7U;
        state_ ^= state_ << 17U;
        return static_cast<std::uint32_t>(state_ >> 16U);
    }
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(std::uint64_t{next()} * limit >> 32U);
    }

private:
    std::uint64_t state_;
};

/// A program in phases: each favours some sizes, whose live blocks wander around a level of its
/// own; small sizes are the common ones. Each size is asked for with so many alignments: 4, 8, 16...
usage::demand synthetic(std::size_t events, std::uint32_t sizes, unsigned alignments) {
    generator random(0x9E3779B97F4A7C15ULL + sizes);
    usage::demand made;
    std::uint32_t size = 0;
    for (std::uint32_t index = 0; index < sizes; ++index) {
        size += 4 + 4 * random.below(1 + index / 16);
        for (unsigned level = 0; level < alignments; ++level)
            made.classes.push_back({.size = size, .alignment = granule << level});
    }
    sizes = static_cast<std::uint32_t>(made.classes.size());
    std::vector<std::uint32_t> live(sizes);
    std::vector<std::uint32_t> level(sizes);
    made.steps.reserve(events);
    const std::size_t phase = events / 64 + 1;
    while (made.steps.size() < events) {
        if (made.steps.size() % phase == 0)
            for (std::uint32_t index = 0; index < sizes; ++index)
                level[index] = random.below(1 + 20'000 / (index + 8));
        const std::uint64_t a = random.next();
        const std::uint64_t b = random.next();
        const auto index = static_cast<std::uint32_t>((a * b >> 32U) * sizes >> 32U);
        const std::uint32_t up = live[index] < level[index] ? 5 : 3;
        if (live[index] > 0 && (random.next() & 7U) >= up) {
            --live[index];
            made.steps.push_back(usage::step::give_back(usage::class_number(index)));
        } else {
            ++live[index];
            made.steps.push_back(usage::step::take(usage::class_number(index)));
        }
    }
    return made;
}

/// Processor time: what else the machine does is not counted.
double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void measure(const usage::demand& run, std::size_t pools) {
    const usage::demand* const runs[] = {&run};
    const double start = seconds();
    const auto work = layout::workload::of(runs);
    if (!work) std::abort();
    const layout::load_index index(*work);
    const double indexed = seconds() - start;
    layout::optimizer search(index, {.most_pools = pools, .keep = {}});
    const auto best = search.best(pools);
    const double solved = seconds() - start;
    const auto bounds = layout::lower_bounds(index, pools);
    const double bounded = seconds() - start;
    if (!best) std::abort();
    fmt::print(
        "| {:10} | {:5} | {:5} | {:7.3f} | {:7.3f} | {:7.3f} | {:12} | {:6} | {:7.2f} |\n",
        run.steps.size(),
        work->classes().size(),
        pools,
        indexed,
        solved,
        bounded,
        best->bytes,
        best->proved ? "yes" : "no",
        100.0 * static_cast<double>(best->bytes - bounds.back().bytes) /
            static_cast<double>(bounds.back().bytes)
    );
    std::fflush(stdout);
}

void table(
    std::size_t events,
    std::uint32_t sizes,
    std::span<const std::size_t> pools,
    unsigned alignments = 1
) {
    const usage::demand run = synthetic(events, sizes, alignments);
    for (const std::size_t count : pools)
        measure(run, count);
}

} // namespace

int main(int argc, char** argv) {
    fmt::print("Processor seconds since the start: the index is made, the optimum proved, the "
               "bound exact.\n"
               "|     events | sizes | pools |   index | optimum |   bound |        bytes | proved "
               "| % above |\n"
               "|-----------:|------:|------:|--------:|--------:|--------:|-------------:|--------"
               "|--------:|\n");
    if (argc > 3) {
        const std::size_t pools[] = {std::stoul(argv[3])};
        table(
            static_cast<std::size_t>(std::stod(argv[1])),
            static_cast<std::uint32_t>(std::stoul(argv[2])),
            pools,
            argc > 4 ? static_cast<unsigned>(std::stoul(argv[4])) : 1
        );
        return 0;
    }
    constexpr std::size_t usual[] = {5, 8, 16};
    constexpr std::size_t one[] = {8};
    constexpr std::size_t sixteen[] = {16};
    for (const std::size_t events : {1'000'000, 10'000'000, 100'000'000})
        table(events, 256, usual);
    for (const std::uint32_t sizes : {64U, 300U, 1024U, 4096U})
        table(10'000'000, sizes, sixteen);
    for (const std::uint32_t sizes : {64U, 128U, 256U})
        table(10'000'000, sizes, one, 2);
    return 0;
}

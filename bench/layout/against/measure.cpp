// SPDX-License-Identifier: MIT

// RAM over the peak of live bytes: heaps with an overflow region beside models of other allocators.
//
//     layout_against [--first-fit] NAME=LOG...
//     layout_against --trained NAME=LOG=OTHER_LOG...
//
// All are asked for the same (docs/layout.md): to hold in the traced order, in 20 others, with moves as resizes, and at
// larger sizes.
//
// Control data is counted. First fit is slow, so it is left out unless asked for. A line a program, then the geometric
// mean and the worst.
// --trained lays out a heap of 1.05 times the bytes that the one log needs: does it hold the other? The last column is
// the least size that does, its region larger or smaller, over those bytes.

#include "against/rivals.hpp"
#include "layout/overflow_plan.hpp"
#include "layout/trials.hpp"
#include "trace/read.hpp"
#include "usage/make_demand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace drone; // NOLINT(google-build-using-namespace)

std::vector<usage::demand> read(const std::string& path) {
    std::vector<usage::demand> run;
    const auto source = trace::source::open(path);
    if (!source) return run;
    auto made = usage::make_demand(*source);
    if (!made) return run;
    run.push_back(*std::move(made));
    if (run[0].blocks.empty()) run[0].blocks = layout::numbers_of(run[0]);
    return run;
}

/// The least arena that counts as ours does: as traced, in 20 other orders and with every possible
/// move as a resize, and at larger sizes.
std::uint64_t needs(const bench::rival& kind, const layout::ordered_run& run, std::uint64_t peak) {
    const std::uint32_t orders = 21 + (run.has_moves() ? 1 : 0);
    std::vector<std::vector<layout::block_event>> events;
    for (std::uint32_t order = 0; order < orders; ++order)
        events.push_back(run.events(order));
    bench::rival_heap roomy(kind, 8 * peak + 65'536);
    if (!roomy.holds(run, events[0])) return 0;
    const auto holds = [&](std::uint64_t size, std::uint32_t order) {
        return bench::rival_heap(kind, size).holds(run, events[order]);
    };
    std::uint64_t size = roomy.touched();
    const std::uint64_t step = std::max<std::uint64_t>(kind.alignment, size / 200);
    while (!holds(size, 0))
        size += step;
    while (size > step && holds(size - step, 0))
        size -= step;
    for (std::uint64_t before = 0; before != size;) {
        before = size;
        for (std::uint32_t order = 0; order < orders; ++order) {
            while (!holds(size, order))
                size += step;
        }
        for (std::uint64_t part = 1; part <= 5; ++part)
            if (const std::uint64_t above = size + size / 10 * part / 5; !holds(above, 0))
                size = above + step;
    }
    return size + kind.control_of(size);
}

/// Columns of factors, and what is below them.
class table {
public:
    explicit table(std::size_t columns) : logs_(columns), worst_(columns), count_(columns) {}

    void add(std::size_t column, double factor) {
        fmt::print(" {:.3f} |", factor);
        logs_[column] += std::log(factor);
        worst_[column] = std::max(worst_[column], factor);
        ++count_[column];
    }
    void print_ends(std::string_view empty) const {
        fmt::print("| geometric mean |{}", empty);
        for (std::size_t column = 0; column < logs_.size(); ++column)
            fmt::print(" {:.3f} |", std::exp(logs_[column] / std::max(count_[column], 1.0)));
        fmt::print("\n| worst |{}", empty);
        for (const double factor : worst_)
            fmt::print(" {:.3f} |", factor);
        fmt::print("\n");
    }

private:
    std::vector<double> logs_;
    std::vector<double> worst_;
    std::vector<double> count_;
};

int against(const std::vector<std::string>& programs, bool with_first_fit) {
    std::vector<bench::rival> rivals;
    for (const bench::rival& kind : bench::rivals)
        if (with_first_fit || kind.rule != bench::pick::first_fit) rivals.push_back(kind);
    fmt::print("| program | events | peak live | pools | ours | region alone |");
    for (const bench::rival& kind : rivals)
        fmt::print(" {} |", kind.name);
    fmt::print("\n|---|---:|---:|---:|---:|---:|");
    for (std::size_t kind = 0; kind < rivals.size(); ++kind)
        fmt::print("---:|");
    fmt::print("\n");
    table factors(2 + rivals.size());
    for (const std::string& text : programs) {
        const std::size_t equals = text.find('=');
        const auto run = read(text.substr(equals + 1));
        if (run.empty()) continue;
        const auto best = layout::plan_overflow(run, {});
        const auto alone = layout::plan_overflow(run, {.most_pools = 0});
        if (!best || !alone) continue;
        const layout::ordered_run ordered(run[0]);
        const auto peak = static_cast<double>(best->peak_live);
        fmt::print(
            "| {} | {} | {} | {} |",
            text.substr(0, equals),
            usage::event_count(run[0]),
            best->peak_live,
            best->needed_pools
        );
        factors.add(0, static_cast<double>(best->used()) / peak);
        factors.add(1, static_cast<double>(alone->used()) / peak);
        for (std::size_t kind = 0; kind < rivals.size(); ++kind)
            factors.add(
                2 + kind, static_cast<double>(needs(rivals[kind], ordered, best->peak_live)) / peak
            );
        fmt::print("\n");
    }
    factors.print_ends(" | | |");
    return 0;
}

int trained(const std::vector<std::string>& pairs) {
    fmt::print(
        "| pair | peak | other's peak | heap | pools | holds the other, orders | least factor |\n"
    );
    fmt::print("|---|---:|---:|---:|---:|---:|---:|\n");
    for (const std::string& text : pairs) {
        const std::size_t first = text.find('=');
        const std::size_t second = text.find('=', first + 1);
        const auto one = read(text.substr(first + 1, second - first - 1));
        const auto other = read(text.substr(second + 1));
        if (one.empty() || other.empty()) continue;
        const auto least = layout::plan_overflow(one, {});
        if (!least) continue;
        const std::uint64_t size = (std::uint64_t{least->needed} * 105 / 100 + 7) / 8 * 8;
        const auto plan = layout::plan_overflow(one, {.size = size});
        if (!plan) continue;
        const layout::trials tried(other);
        const std::uint32_t pools = plan->size - plan->region;
        const auto holds = [&](double heap, std::uint32_t order) {
            const auto region = static_cast<std::uint32_t>(std::max(heap - pools, 64.0));
            return tried.hold(
                {.pools = plan->pools, .alignment = plan->alignment, .region_bytes = region / 8 * 8
                },
                order
            );
        };
        constexpr std::uint32_t orders = 21;
        std::uint32_t held = 0;
        for (std::uint32_t order = 0; order < orders; ++order)
            if (holds(static_cast<double>(size), order)) ++held;
        const auto holds_all = [&](double heap) {
            for (std::uint32_t order = 0; order < orders; ++order)
                if (!holds(heap, order)) return false;
            return true;
        };
        double factor = 1;
        while (factor < 64 && !holds_all(factor * least->needed))
            factor += 0.01;
        fmt::print(
            "| {} | {} | {} | {} | {} | {} of {} | {:.2f} |\n",
            text.substr(0, first),
            least->peak_live,
            tried.peak_live(),
            least->needed,
            plan->pools.size(),
            held,
            orders,
            factor
        );
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool is_training = std::erase(arguments, "--trained") > 0;
    const bool with_first_fit = std::erase(arguments, "--first-fit") > 0;
    return is_training ? trained(arguments) : against(arguments, with_first_fit);
}

// SPDX-License-Identifier: MIT

// How much more memory a layout needs that was made from one run, for another run of the program.
//
//     layout_out_of_sample POOLS NAME=LOG=OTHER_LOG...
//
// For each rule of headroom, the least heap whose layout for LOG holds OTHER_LOG, over what
// OTHER_LOG itself needs in as many pools. A line a pair, then the geometric mean and the worst.

#include "layout/plan.hpp"
#include "trace/read.hpp"
#include "usage/make_demand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace drone; // NOLINT(google-build-using-namespace)

constexpr std::array rules = {
    layout::headroom::spread, layout::headroom::scale, layout::headroom::balanced
};
constexpr double stride = 1.3;
constexpr double precision = 1.01;
constexpr double most = 64; // times what the other run needs; beyond it: never

struct runs {
    std::vector<usage::demand> trained;
    std::vector<usage::demand> other;
};

std::vector<usage::demand> read(const std::string& path) {
    const auto source = trace::source::open(path);
    if (!source) return {};
    auto made = usage::make_demand(*source);
    if (!made) return {};
    std::vector<usage::demand> run;
    run.push_back(*std::move(made));
    return run;
}

/// The least heap over `needed`, by bisection; infinite when none is found.
double factor_of(const runs& pair, std::size_t pools, layout::headroom rule, double needed) {
    auto planner = layout::planner::of(pair.trained, {.most_pools = pools});
    if (!planner) return INFINITY;
    const auto holds = [&](double factor) {
        const auto size = static_cast<std::uint64_t>(needed * factor);
        const auto made = planner->make({.pools = pools, .size = size, .rule = rule});
        if (!made) return false; // the trained run does not fit
        const auto replayed = layout::replay(
            pair.other,
            {.pools = made->pools, .alignment = made->alignment},
            layout::after_failure::stop
        );
        return replayed && replayed->holds();
    };
    double fails = 1;
    double factor = 1;
    for (; !holds(factor); factor *= stride) {
        if (factor > most) return INFINITY;
        fails = factor;
    }
    while (factor / fails > precision) {
        const double middle = std::sqrt(factor * fails);
        (holds(middle) ? factor : fails) = middle;
    }
    return factor;
}

std::string shown(double factor) {
    return std::isinf(factor) ? "never" : fmt::format("{:.2f}", factor);
}

} // namespace

int main(int argc, char** argv) {
    std::size_t pools = 8;
    if (argc > 1) {
        const std::string_view text = argv[1];
        std::from_chars(text.begin(), text.end(), pools);
    }
    fmt::print("| pair, {} pools | needs |   spread |    scale | balanced |\n", pools);
    fmt::print("|---|---:|---:|---:|---:|\n");
    std::array<double, rules.size()> logs{};
    std::array<double, rules.size()> worst{};
    std::array<std::size_t, rules.size()> held{};
    std::size_t pairs = 0;
    for (int argument = 2; argument < argc; ++argument) {
        const std::string text = argv[argument];
        const std::size_t first = text.find('=');
        const std::size_t second = text.find('=', first + 1);
        const runs pair{
            .trained = read(text.substr(first + 1, second - first - 1)),
            .other = read(text.substr(second + 1)),
        };
        if (pair.trained.empty() || pair.other.empty()) continue;
        auto hindsight = layout::planner::of(pair.other, {.most_pools = pools});
        if (!hindsight) continue;
        const auto best = hindsight->make({.pools = pools, .rule = layout::headroom::none});
        if (!best) continue;
        ++pairs;
        fmt::print("| {} | {} |", text.substr(0, first), best->used);
        for (std::size_t rule = 0; rule < rules.size(); ++rule) {
            const double factor =
                factor_of(pair, pools, rules[rule], static_cast<double>(best->used));
            fmt::print(" {} |", shown(factor));
            if (std::isinf(factor)) continue;
            ++held[rule];
            logs[rule] += std::log(factor);
            worst[rule] = std::max(worst[rule], factor);
        }
        fmt::print("\n");
    }
    const auto line = [&](const char* name, auto value) {
        fmt::print("| {} | |", name);
        for (std::size_t rule = 0; rule < rules.size(); ++rule)
            fmt::print(" {} |", value(rule));
        fmt::print("\n");
    };
    line("geometric mean", [&](std::size_t rule) {
        return shown(
            std::exp(logs[rule] / static_cast<double>(std::max<std::size_t>(held[rule], 1)))
        );
    });
    line("worst", [&](std::size_t rule) { return shown(worst[rule]); });
    line("pairs that held", [&](std::size_t rule) {
        return fmt::format("{} of {}", held[rule], pairs);
    });
}

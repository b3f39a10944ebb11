// SPDX-License-Identifier: MIT

#include "usage/leaks.hpp"

#include "usage/demand_growth.hpp"
#include "usage/halve.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace drone::usage {

namespace {

constexpr std::size_t parts = 12;

/// What is rarer in chance than in a leak: a count that moves at random never falls from part to
/// part in one run of 2^11.
constexpr unsigned rises_of_a_leak = 6;
constexpr unsigned rises_of_a_steady_one = 10;

/// Kinds are sizes with callers; callers of native traces have 30 bits, sizes 32.
constexpr std::uint64_t any_size = std::numeric_limits<std::uint32_t>::max();

std::uint64_t kind_of(std::uint64_t size, std::uint32_t caller) {
    return std::uint64_t{caller} << 32U | size;
}

} // namespace

std::optional<trend> find_trend(std::span<const std::uint32_t> samples) {
    constexpr std::size_t samples_of_a_part = 4;
    const std::size_t start = samples.size() / 4;
    const auto grown = samples.subspan(start);
    if (grown.size() < parts * samples_of_a_part) return std::nullopt;
    std::array<std::uint32_t, parts> floors{};
    for (std::size_t part = 0; part < parts; ++part) {
        const std::size_t begin = grown.size() * part / parts;
        const std::size_t end = grown.size() * (part + 1) / parts;
        floors[part] = std::ranges::min(grown.subspan(begin, end - begin));
    }
    trend t{.first = floors.front(), .last = floors.back(), .steps = parts - 1};
    for (std::size_t part = 1; part < parts; ++part) {
        if (floors[part] < floors[part - 1]) return std::nullopt;
        if (floors[part] > floors[part - 1]) ++t.rises;
    }
    constexpr std::size_t late = parts * 2 / 3;
    const std::uint64_t grew_late = floors.back() - floors[late];
    if (t.rises < rises_of_a_leak || grew_late == 0) return std::nullopt;
    // From the middle of the first part to that of the last.
    t.share = static_cast<double>(grown.size()) / static_cast<double>(samples.size()) *
              (parts - 1) / parts;
    const auto expected_late =
        static_cast<double>(t.last - t.first) * (parts - 1 - late) / (parts - 1);
    t.steady =
        t.rises >= rises_of_a_steady_one && static_cast<double>(grew_late) >= expected_late / 2;
    return t;
}

void live_history::note(std::uint64_t kind, std::uint64_t count) {
    if (count == 0 && !samples_.contains(kind)) return;
    std::vector<std::uint32_t>& of_kind = samples_[kind];
    of_kind.resize(taken_);
    of_kind.push_back(static_cast<std::uint32_t>(
        std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max())
    ));
}

void live_history::finish_sample() {
    if (++taken_ == limit) {
        for (auto& [kind, of_kind] : samples_) {
            of_kind.resize(taken_);
            halve(of_kind, [](std::uint32_t, std::uint32_t second) { return second; });
        }
        taken_ /= 2;
        distance_ *= 2;
    }
    random_ = random_ * 1664525U + 1013904223U;
    // Half a distance to one and a half.
    due_ += distance_ == 1 ? 1 : distance_ / 2 + (random_ >> 8U) % distance_;
}

std::vector<std::pair<std::uint64_t, trend>> live_history::growing() const {
    std::vector<std::pair<std::uint64_t, trend>> found;
    for (const auto& [kind, of_kind] : samples_) {
        std::vector<std::uint32_t> whole = of_kind;
        whole.resize(taken_);
        if (const auto grew = find_trend(whole)) found.emplace_back(kind, *grew);
    }
    std::ranges::sort(found, {}, &std::pair<std::uint64_t, trend>::first);
    return found;
}

void growth_by_caller::on_changes(std::span<const trace::change> changes) {
    for (const trace::change& c : changes) {
        count(c);
        if (++changes_ >= history_.due()) sample();
    }
}

void growth_by_caller::on_resize(
    const trace::change& before, const trace::change& after, trace::resizing
) {
    trace::change resized = after;
    const std::uint32_t* const taker = callers_.find(after.block);
    resized.caller = taker != nullptr ? *taker : before.caller;
    on_changes(std::array{before, resized});
}

void growth_by_caller::count(const trace::change& c) {
    std::uint32_t caller = c.caller;
    if (c.block != trace::no_block) {
        // The block counts for who took it, not for who gives it back.
        std::uint32_t& taker = callers_.reach(c.block);
        if (c.gives_back)
            caller = taker;
        else
            taker = caller;
    }
    for (const std::uint64_t kind : {kind_of(c.size, caller), kind_of(any_size, caller)})
        live_[kind] += c.gives_back ? std::uint64_t(-1) : 1;
}

void growth_by_caller::sample() {
    history_.sample([this](auto note) {
        for (const auto& [kind, count] : live_)
            note(kind, count);
    });
}

std::vector<growth> growth_by_caller::found() const {
    std::vector<growth> found;
    // Ascending: for each caller its sizes, and then all of them together.
    bool sizes_grow = false;
    std::uint32_t caller = 0;
    for (const auto& [kind, grew] : history_.growing()) {
        const auto who = static_cast<std::uint32_t>(kind >> 32U);
        const std::uint64_t size = kind & any_size;
        if (who != caller) sizes_grow = false;
        caller = who;
        if (size == any_size && sizes_grow) continue;
        sizes_grow = sizes_grow || size != any_size;
        found.push_back(
            {.size =
                 size == any_size ? std::nullopt : std::optional(static_cast<std::uint32_t>(size)),
             .caller = who,
             .grew = grew}
        );
    }
    std::ranges::sort(found, std::ranges::greater{}, [](const growth& g) {
        return g.grew.per_run() * g.size.value_or(1);
    });
    return found;
}

std::vector<growth> find_growth(const demand& run) {
    live_history history;
    std::vector<std::uint64_t> seen(2 * run.classes.size()); // by step::row()
    for (std::size_t at = 0; at < run.steps.size();) {
        const std::size_t end = std::min<std::uint64_t>(run.steps.size(), history.due());
        for (; at < end; ++at)
            ++seen[run.steps[at].row()];
        if (at < history.due()) break;
        history.sample([&](auto note) {
            for (const class_number n : run.classes.numbers())
                note(
                    std::to_underlying(n),
                    seen[step::take(n).row()] - seen[step::give_back(n).row()]
                );
        });
    }
    std::vector<growth> found;
    for (const auto& [number, grew] : history.growing())
        found.push_back({.size = run.classes[class_number(number)].size, .caller = 0, .grew = grew}
        );
    std::ranges::sort(found, std::ranges::greater{}, [](const growth& g) {
        return g.grew.per_run() * *g.size;
    });
    return found;
}

} // namespace drone::usage

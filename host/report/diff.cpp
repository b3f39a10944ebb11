// SPDX-License-Identifier: MIT
#include "report/diff.hpp"

#include "base/counted.hpp"
#include "report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <tuple>
#include <utility>

namespace drone::report {

namespace {

fate fate_of(bool was_there, bool is_there, std::int64_t change) {
    if (!was_there && is_there) return fate::came;
    if (was_there && !is_there) return fate::went;
    if (change == 0) return fate::same;
    return change > 0 ? fate::grew : fate::shrank;
}

std::vector<size_change> compare_sizes(const usage::statistics& a, const usage::statistics& b) {
    std::map<std::uint32_t, size_change> all;
    for (const auto& [run, side] : {std::pair{&a, &compared::before}, {&b, &compared::after}})
        for (const usage::size_usage& row : run->rows()) {
            size_change& one = all[row.size];
            one.most.*side = row.max_load;
            one.total.*side = row.total;
        }
    std::vector<size_change> list;
    for (auto& [size, one] : all) {
        one.size = size;
        one.became = fate_of(one.total.before != 0, one.total.after != 0, one.most.change());
        list.push_back(one);
    }
    std::ranges::stable_sort(list, [](const size_change& l, const size_change& r) {
        return std::abs(l.bytes()) > std::abs(r.bytes());
    });
    return list;
}

std::vector<pool_change> compare_pools(const usage::analysis& a, const usage::analysis& b) {
    std::map<std::uint32_t, pool_change> all;
    for (const auto& [run, side] : {std::pair{&a, &compared::before}, {&b, &compared::after}})
        for (const usage::pool_usage& pool : run->pools()) {
            pool_change& one = all[pool.pool.block_size];
            one.capacity.*side = pool.pool.capacity;
            one.most.*side = pool.max_load;
        }
    std::vector<pool_change> list;
    for (auto& [block, one] : all) {
        one.block = block;
        one.became = fate_of(one.capacity.before != 0, one.capacity.after != 0, one.most.change());
        list.push_back(one);
    }
    return list;
}

/// A frame without its line, which moves with every change of its file.
std::string without_line(const std::string& frame) {
    const std::size_t colon = frame.rfind(':');
    if (colon == std::string::npos || colon + 1 == frame.size()) return frame;
    const bool is_line = frame.find_first_not_of("0123456789", colon + 1) == std::string::npos;
    return is_line ? frame.substr(0, colon) : frame;
}

/// The functions of a caller, or its address.
std::vector<std::string> frames_of(const heap_report& r, std::uint32_t caller) {
    if (r.runs.front().found.frames_of(caller).empty()) return {"not known"};
    auto frames = r.names(r.runs.front(), caller);
    if (frames.empty()) frames.push_back(fmt::format("{:#010x}", caller));
    return frames;
}

using callers = std::map<std::vector<std::string>, caller_change>;

caller_change& change_of(callers& all, const heap_report& r, std::uint32_t caller) {
    const std::vector<std::string> frames = frames_of(r, caller);
    std::vector<std::string> key;
    key.reserve(frames.size());
    for (const std::string& frame : frames)
        key.push_back(without_line(frame));
    caller_change& one = all[key];
    if (one.frames.empty()) one.frames = frames;
    return one;
}

/// Adds the callers of a run; `side` is the member of `compared` that is its own.
void add_callers(callers& all, const heap_report& r, std::uint64_t compared::* side) {
    for (const auto& [id, share] : r.runs.front().details.callers()) {
        if (share.count == 0 && share.bytes == 0) continue; // its requests failed
        caller_change& one = change_of(all, r, id);
        one.most.*side += share.peak_bytes;
        one.at_peak.*side += share.bytes_at_peak;
        one.at_end.*side += share.live_bytes;
        one.total.*side += share.count;
    }
}

std::vector<caller_change> compare_callers(const heap_report& before, const heap_report& after) {
    callers all;
    add_callers(all, after, &compared::after); // its frames are shown
    add_callers(all, before, &compared::before);
    for (const usage::growth& g : after.runs.front().growing)
        if (g.caller != 0) change_of(all, after, g.caller).leaks = true;
    for (const usage::growth& g : before.runs.front().growing)
        if (g.caller != 0) change_of(all, before, g.caller).leaks = false;
    std::vector<caller_change> list;
    for (auto& [key, one] : all) {
        one.became = fate_of(one.total.before != 0, one.total.after != 0, one.bytes());
        list.push_back(std::move(one));
    }
    std::ranges::stable_sort(list, [](const caller_change& l, const caller_change& r) {
        return std::tuple(l.leaks, std::abs(l.bytes())) > std::tuple(r.leaks, std::abs(r.bytes()));
    });
    return list;
}

bool has_callers(const heap_report& r) {
    const run& one = r.runs.front();
    return std::ranges::any_of(one.details.callers(), [&](const auto& entry) {
        return !one.found.frames_of(entry.first).empty();
    });
}

/// A figure of both runs; none where one of them does not have it.
std::optional<compared>
both(const std::optional<std::uint64_t>& before, const std::optional<std::uint64_t>& after) {
    if (!before || !after) return std::nullopt;
    return compared{*before, *after};
}

std::optional<std::uint64_t> region_peak(const run& r) {
    if (!r.details.region().exists()) return std::nullopt;
    return r.details.region().peak_bytes();
}

std::optional<std::uint64_t> heap_size(const run& r) {
    if (!r.heap) return std::nullopt;
    return r.heap->size;
}

/// Whether callers of both runs can be told apart by what is known of them: names, or addresses of
/// one build.
bool are_comparable(const heap_report& before, const heap_report& after) {
    const trace::findings& a = before.runs.front().found;
    const trace::findings& b = after.runs.front().found;
    if (a.format != trace::format::native || b.format != trace::format::native) return true;
    const auto has_names = [](const heap_report& r) {
        return std::ranges::any_of(r.runs.front().details.callers(), [&](const auto& entry) {
            return !r.names(r.runs.front(), entry.first).empty();
        });
    };
    if (has_names(before) && has_names(after)) return true;
    return a.identities == b.identities && has_names(before) == has_names(after);
}

std::uint64_t live_bytes(const heap_report& r) {
    std::uint64_t bytes = 0;
    for (const auto& [size, left] : r.usage.leftovers())
        bytes += left.blocks * size;
    return bytes;
}

} // namespace

std::string_view name(fate f) {
    switch (f) {
    case fate::grew:
        return "grew";
    case fate::shrank:
        return "shrank";
    case fate::came:
        return "came";
    case fate::went:
        return "went";
    default:
        return "same";
    }
}

std::int64_t caller_change::bytes() const {
    const std::int64_t end = at_end.change();
    return std::abs(end) > std::abs(most.change()) ? end : most.change();
}

heap_diff compare(const heap_report& before, const heap_report& after) {
    const run& a = before.runs.front();
    const run& b = after.runs.front();
    heap_diff d{
        .before = a.file,
        .after = b.file,
        .events = {a.found.events, b.found.events},
        .peak = {before.usage.peak_bytes(), after.usage.peak_bytes()},
        .maximum = {before.usage.maximum_usage(), after.usage.maximum_usage()},
        .at_end = {live_bytes(before), live_bytes(after)},
        .failures = {a.found.failures, b.found.failures},
        .gaps = {a.found.gaps, b.found.gaps},
        .region_bytes = both(region_peak(a), region_peak(b)),
        .heap_size = both(heap_size(a), heap_size(b)),
        .sizes = compare_sizes(before.usage, after.usage),
        .pools = compare_pools(a.details, b.details),
        .callers = {},
        .callers_before = has_callers(before),
        .callers_after = has_callers(after),
    };
    d.callers_compare =
        d.callers_before == d.callers_after && (!d.callers_before || are_comparable(before, after));
    if (d.callers_compare) d.callers = compare_callers(before, after);
    return d;
}

std::string exceeded_by(const heap_diff& d, const growth_limit& limit) {
    if (d.failures.change() > 0)
        return fmt::format(
            "{} failed, {} before: that is above any limit",
            base::counted(d.failures.after, "request"),
            d.failures.before
        );
    const double allowed = limit.percent ? *limit.percent * static_cast<double>(d.peak.before) / 100
                                         : static_cast<double>(limit.bytes);
    const std::pair<const char*, const compared*> figures[] = {
        {"the peak of live memory", &d.peak},
        {"what is live at the end", &d.at_end},
    };
    for (const auto& [what, figure] : figures) {
        const std::int64_t grew = figure->change();
        if (grew <= 0 || static_cast<double>(grew) <= allowed) continue;
        const std::string share = d.peak.before == 0
                                      ? ""
                                      : fmt::format(
                                            ", {} of the peak before",
                                            percent(static_cast<std::uint64_t>(grew), d.peak.before)
                                        );
        return fmt::format(
            "{} grew by {}, from {} to {}{}: the limit is {}",
            what,
            base::counted(grew, "byte"),
            figure->before,
            figure->after,
            share,
            limit.percent ? limit.text : base::counted(limit.bytes, "byte")
        );
    }
    return {};
}

} // namespace drone::report

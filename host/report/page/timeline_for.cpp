// SPDX-License-Identifier: MIT

// What a page asks of a run before it is read once more: whose bytes it shows, and at which moments.

#include "base/sorted.hpp"
#include "report/page/page.hpp"
#include "trace/sink.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace drone::report {

namespace {

constexpr std::size_t most_holders = 1000; ///< with a row of their own
constexpr std::uint64_t even_moments = 240;
constexpr std::size_t failures_with_a_moment = 16;
constexpr std::size_t failures_with_a_close_up = 3;

/// Whether somebody is known who asked for memory.
bool has_callers(const usage::analysis& a) {
    return std::ranges::any_of(a.callers(), [](const auto& one) { return one.first != 0; });
}

std::vector<std::uint32_t> largest(std::vector<std::pair<std::uint64_t, std::uint32_t>> peaks) {
    std::ranges::sort(peaks, std::ranges::greater());
    if (peaks.size() > most_holders) peaks.resize(most_holders);
    std::vector<std::uint32_t> names;
    names.reserve(peaks.size());
    for (const auto& [bytes, name] : peaks)
        names.push_back(name);
    return names;
}

/// The part of a heap that is not ours which its blocks ever reached.
trace::traced_heap reached(trace::traced_heap heap, const usage::arena& arena) {
    if (!arena.is_known()) return heap;
    trace::traced_region& region = heap.region;
    const std::uint32_t units =
        (std::max(arena.lowest(), region.offset) - region.offset) / region.unit;
    region.offset += units * region.unit;
    region.first_block = region.first_block + units;
    region.units -= std::min(region.units, units);
    heap.size = region.offset + static_cast<std::uint32_t>(arena.highest().arena);
    return heap;
}

} // namespace

usage::timeline_request timeline_for(const heap_report& r) {
    const run& one = r.runs.front();
    const usage::analysis& a = one.details;
    const bool by_caller = has_callers(a);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> peaks;
    if (by_caller)
        for (const auto& [caller, share] : a.callers())
            peaks.emplace_back(share.peak_bytes, caller);
    else
        for (const usage::size_usage& row : r.usage.rows())
            peaks.emplace_back(row.size * row.max_load, row.size);

    std::vector<std::uint64_t> moments{a.peak().event};
    std::vector<std::uint64_t> close_ups{a.peak().event};
    const std::uint64_t step = std::max<std::uint64_t>(1, a.events() / even_moments);
    for (std::uint64_t event = step; event <= a.events(); event += step)
        moments.push_back(event);
    for (std::size_t i = 0; i < std::min(a.failures().size(), failures_with_a_moment); ++i)
        moments.push_back(a.failures()[i].when.event);
    for (std::size_t i = 0; i < std::min(a.failures().size(), failures_with_a_close_up); ++i)
        close_ups.push_back(a.failures()[i].when.event + 1);
    base::sort_once(moments);

    usage::timeline_request wanted{
        .events = a.events(),
        .peak_event = a.peak().event,
        .kind = by_caller ? usage::holder_kind::caller : usage::holder_kind::size,
        .named = largest(std::move(peaks)),
        .moments = std::move(moments),
        .close_ups = std::move(close_ups),
        .region = {},
    };
    if (one.heap && one.heap->region.units != 0) wanted.region = reached(*one.heap, one.arena);
    return wanted;
}

} // namespace drone::report

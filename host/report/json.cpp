// SPDX-License-Identifier: MIT

#include "report/json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace drone::report {

namespace {

using json = nlohmann::ordered_json;

json share(std::uint64_t bytes, const std::optional<std::uint64_t>& heap_size) {
    if (!heap_size || *heap_size == 0) return nullptr;
    return 100.0 * static_cast<double>(bytes) / static_cast<double>(*heap_size);
}

json place(const usage::moment& when) { return {{"event", when.event}, {"time", when.time}}; }

/// Where a frame's code is; null: the trace has its functions only.
json frame_address(const trace::findings& found, std::uint32_t frame) {
    if (found.format == trace::format::native) return fmt::format("{:#010x}", frame);
    const bool has_place = frame < found.places.size() && found.callers[frame].size() == 1;
    return has_place ? json(found.callers[frame].front()) : json(nullptr);
}

json caller(const heap_report& r, const run& one, std::uint32_t id) {
    if (id == 0) return nullptr;
    json told{{"id", fmt::format("{:#x}", id)}, {"functions", r.names(one, id)}};
    const trace::call_stack* const stack = one.found.stack_of(id);
    if (stack == nullptr) return told;
    json frames = json::array();
    for (const std::uint32_t frame : stack->frames)
        frames.push_back(
            {{"address", frame_address(one.found, frame)}, {"functions", r.names_at(one, frame)}}
        );
    told["frames"] = std::move(frames);
    told["whole"] = stack->is_whole;
    return told;
}

json context(const run& one, std::uint16_t number) {
    if (number == trace::no_context) return nullptr;
    return {{"number", number}, {"name", context_name(one, number)}};
}

json clock(trace::clock unit) {
    switch (unit) {
    case trace::clock::target_ticks:
        return "target ticks";
    case trace::clock::microseconds:
        return "host microseconds";
    default:
        return nullptr;
    }
}

json ticks_per_second(const heap_report& r, trace::clock unit) {
    if (unit == trace::clock::microseconds) return 1'000'000;
    if (unit == trace::clock::target_ticks && r.core_clock) return *r.core_clock;
    return nullptr;
}

json live(const heap_report& r, const run& one) {
    const usage::analysis& a = one.details;
    struct total {
        std::uint64_t blocks = 0, bytes = 0, certain = 0;
    };
    total all;
    std::map<std::uint32_t, total> by_size;
    std::map<std::uint32_t, total> by_caller;
    json blocks = json::array();
    for (const usage::live_block& b : a.live_at_end()) {
        for (total* const t : {&all, &by_size[b.size], &by_caller[b.caller]}) {
            ++t->blocks;
            t->bytes += b.size;
            t->certain += b.certain ? 1 : 0;
        }
        blocks.push_back(
            {{"size", b.size},
             {"certain", b.certain},
             {"taken", b.taken ? place(*b.taken) : json(nullptr)},
             {"age", b.taken ? json(a.events() - b.taken->event) : json(nullptr)},
             {"caller", caller(r, one, b.caller)},
             {"context", context(one, b.context)}}
        );
    }
    json sizes = json::array();
    for (const auto& [size, t] : by_size)
        sizes.push_back(
            {{"size", size}, {"blocks", t.blocks}, {"bytes", t.bytes}, {"certain_blocks", t.certain}
            }
        );
    json callers = json::array();
    for (const auto& [id, t] : by_caller)
        callers.push_back(
            {{"caller", caller(r, one, id)},
             {"blocks", t.blocks},
             {"bytes", t.bytes},
             {"certain_blocks", t.certain}}
        );
    return {
        {"blocks", all.blocks},
        {"bytes", all.bytes},
        {"certain_blocks", all.certain},
        {"by_size", sizes},
        {"by_caller", callers},
        {"by_age", blocks},
    };
}

json peak(const usage::analysis& a) {
    json sizes = json::array();
    for (const auto& [size, count] : a.live_at_peak())
        sizes.push_back({{"size", size}, {"blocks", count}});
    json at = place(a.peak());
    at["live"] = sizes;
    return at;
}

json growing(const heap_report& r, const run& one) {
    json all = json::array();
    for (const usage::growth& g : one.growing)
        all.push_back(
            {{"size", g.size ? json(*g.size) : json(nullptr)},
             {"caller", caller(r, one, g.caller)},
             {"from", g.grew.first},
             {"to", g.grew.last},
             {"blocks_per_1000_events",
              1000 * g.grew.per_run() / static_cast<double>(one.found.events)},
             {"rises", g.grew.rises},
             {"parts", g.grew.steps},
             {"certain", is_certain(one, g)},
             {"permanent", is_permanent(r, g.size.value_or(0), r.names(one, g.caller))}}
        );
    return all;
}

json lifetimes(const usage::analysis& a) {
    json all = json::array();
    for (const auto& [size, l] : a.lifetimes_by_size())
        all.push_back(
            {{"size", size},
             {"blocks", l.count},
             {"shortest", l.shortest},
             {"mean", static_cast<double>(l.sum) / static_cast<double>(l.count)},
             {"longest", l.longest},
             {"longest_time", l.longest_time},
             {"by_log2", l.by_log2}}
        );
    return all;
}

json failures(const heap_report& r, const run& one) {
    const usage::analysis& a = one.details;
    json sizes = json::array();
    for (const auto& [size, count] : a.failures_by_size())
        sizes.push_back({{"size", size}, {"count", count}});
    json list = json::array();
    for (const usage::failed_request& f : a.failures())
        list.push_back(
            {{"size", f.size},
             {"at_least", f.at_least},
             {"when", place(f.when)},
             {"live_bytes", f.live_bytes},
             {"live_blocks", f.live_blocks},
             {"caller", caller(r, one, f.caller)},
             {"context", context(one, f.context)}}
        );
    return {{"by_size", sizes}, {"first", list}};
}

json pools(const usage::analysis& a) {
    json all = json::array();
    for (const usage::pool_usage& p : a.pools())
        all.push_back(
            {{"block", p.pool.block_size},
             {"capacity", p.pool.capacity},
             {"max_load", p.max_load},
             {"total", p.total},
             {"fall_overs", p.fell_over},
             {"fell_into", p.fell_into}}
        );
    return all;
}

/// Null: the heap has no region, or the format does not announce it.
json region(const usage::region_usage& of) {
    if (!of.exists()) return nullptr;
    json history = json::array();
    for (const usage::region_stretch& s : of.history())
        history.push_back(
            {{"events", s.events}, {"most_in_use", s.most_in_use}, {"least_hole", s.least_hole}}
        );
    json requests = json::array();
    for (const auto& [size, r] : of.requests())
        requests.push_back({{"size", size}, {"count", r.count}, {"pool_full", r.pool_full}});
    return {
        {"bytes", of.bytes()},
        {"room", of.room()},
        {"peak_bytes", of.peak_bytes()},
        {"max_load", of.max_load()},
        {"total", of.total()},
        {"least_hole", of.least_hole()},
        {"least_hole_event", of.least_hole_event()},
        {"history", history},
        {"requests", requests},
    };
}

/// `name` makes the value of `who`.
template <class Shares, class Name>
json shares(const Shares& of, const char* who, Name name) {
    json all = json::array();
    for (const auto& [id, s] : usage::by_bytes(of))
        all.push_back(
            {{who, name(id)},
             {"allocations", s.count},
             {"bytes", s.bytes},
             {"peak_bytes", s.peak_bytes},
             {"bytes_at_peak", s.bytes_at_peak},
             {"live_bytes", s.live_bytes},
             {"failures", s.failures}}
        );
    return all;
}

json moment(const usage::arena_moment& m) {
    return {
        {"event", m.event},
        {"arena", m.arena},
        {"live", m.live},
        {"overhead", m.overhead},
        {"free", m.free},
        {"holes", m.holes},
        {"largest_hole", m.largest_hole},
        {"fragmentation", m.fragmentation()},
    };
}

json arena(const usage::arena& a) {
    if (!a.is_known()) return nullptr;
    json course = json::array();
    for (const usage::arena_moment& m : a.course())
        course.push_back(moment(m));
    return {
        {"highest", moment(a.highest())},
        {"most_fragmented", moment(a.most_fragmented())},
        {"course", course},
    };
}

json run_json(const heap_report& r, const run& one) {
    json out{{"file", one.file}};
    out.update(findings_json(one.found));
    out["clock"] = clock(one.details.unit());
    out["ticks_per_second"] = ticks_per_second(r, one.details.unit());
    out["duration"] = one.details.duration();
    out["peak"] = peak(one.details);
    out["live_at_end"] = live(r, one);
    out["leaks"] = growing(r, one);
    out["lifetimes"] = lifetimes(one.details);
    out["failed_requests"] = failures(r, one);
    out["pools"] = pools(one.details);
    out["arena"] = arena(one.arena);
    out["region"] = region(one.details.region());
    out["callers"] = shares(one.details.callers(), "caller", [&](std::uint32_t id) {
        return caller(r, one, id);
    });
    out["contexts"] = shares(one.details.contexts(), "context", [&](std::uint16_t number) {
        return context(one, number);
    });
    return out;
}

} // namespace

json findings_json(const trace::findings& f) {
    json builds = json::array();
    for (const std::uint32_t identity : f.identities)
        builds.push_back(identity == 0 ? json(nullptr) : json(fmt::format("{:06x}", identity)));
    return {
        {"format", trace::name(f.format)},
        {"events", f.events},
        {"unchecked_events", f.unchecked_events},
        {"builds", builds},
        {"gaps", f.gaps},
        {"lost_events", f.lost_events},
        {"dropped_by_target", f.dropped_by_target},
        {"damaged", f.damaged},
        {"repeated", f.repeated},
        {"restarts", f.restarts},
        {"failures", f.failures},
        {"double_frees", f.double_frees},
        {"first_double_free",
         f.first_double_free
             ? json{{"event", f.first_double_free->event}, {"block", f.first_double_free->block}}
             : json(nullptr)},
        {"contradictions", f.contradictions},
        {"suspected_failures", f.suspected_failures},
        {"suspected_double_frees", f.suspected_double_frees},
        {"freed_unknown", f.freed_unknown},
        {"notices", f.notices},
    };
}

std::string to_json(const heap_report& r) {
    json sizes = json::array();
    for (const usage::size_usage& row : r.usage.rows())
        sizes.push_back({{"size", row.size}, {"max_load", row.max_load}, {"total", row.total}});
    json runs = json::array();
    for (const run& one : r.runs)
        runs.push_back(run_json(r, one));
    const json all{
        {"heap_size", r.heap_size ? json(*r.heap_size) : json(nullptr)},
        {"sizes", sizes},
        {"maximum_usage",
         {{"bytes", r.usage.maximum_usage()},
          {"percent", share(r.usage.maximum_usage(), r.heap_size)}}},
        {"peak_live",
         {{"bytes", r.usage.peak_bytes()}, {"percent", share(r.usage.peak_bytes(), r.heap_size)}}},
        {"runs", runs},
    };
    return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace drone::report

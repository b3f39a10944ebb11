// SPDX-License-Identifier: MIT

// drone heap verdict: what the traced heap takes today, and what it would take with ours.

#include "base/counted.hpp"
#include "bench_figures.hpp"
#include "cli/command.hpp"
#include "cli/generate_overflow.hpp"
#include "cli/heap_inputs.hpp"
#include "cli/say.hpp"
#include "layout/overflow_plan.hpp"
#include "layout/plan.hpp"
#include "report/table.hpp"
#include "trace/tee.hpp"
#include "usage/arena.hpp"
#include "usage/statistics.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drone::cli {

namespace {

using json = nlohmann::ordered_json;

/// As `drone heap generate --pools auto` asks.
constexpr std::size_t most_pools = 16;
constexpr std::uint32_t pool_cost = 8;
/// RAM beside the blocks, bytes: of a pool the head of its free list, of a heap the note that it is initialised.
constexpr std::uint32_t head_bytes = 4;
constexpr std::uint32_t heap_bytes = 4;

/// Bytes of the heap as an object of the firmware: its lists, then its arena.
constexpr std::uint64_t in_ram(std::uint64_t arena, std::uint64_t lists, std::uint32_t alignment) {
    const auto aligned = [&](std::uint64_t bytes) {
        return (bytes + alignment - 1) / alignment * alignment;
    };
    return aligned(lists + heap_bytes) + aligned(arena);
}

std::uint64_t in_ram(const layout::overflow_plan& plan) {
    return in_ram(plan.needed, plan.control, plan.alignment);
}

/// What the bench measured beside ours.
constexpr std::array rivals{"newlib malloc", "newlib-nano malloc", "picolibc malloc"};

/// What one kind of heap takes.
struct candidate {
    std::string name;
    std::optional<std::uint64_t> bytes; ///< nothing: the trace does not say it
    const bench::figures* calls = nullptr;
    std::string any_order;
};

struct verdict {
    std::uint64_t peak = 0; ///< bytes asked for and live at one time, at most
    std::optional<usage::arena_moment> today;
    std::optional<trace::traced_heap> ours; ///< that was traced, where it is one of ours
    usage::arena_moment most_scattered;
    layout::plan pools;
    std::optional<layout::overflow_plan> region; ///< nothing: no such heap was found
    std::uint64_t failures = 0;
    bool certain = true;        ///< every run is known from its begin, without a gap
    std::string_view left_open; ///< by a run's format, see trace::left_open()

    [[nodiscard]] std::uint64_t pool_bytes() const {
        const std::uint64_t heads = head_bytes * pools.pools.size();
        return in_ram(static_cast<std::uint64_t>(pools.used), heads, pools.alignment);
    }
    /// What today's heap takes: ours all that it was given; another what it spread over.
    [[nodiscard]] std::optional<std::uint64_t> today_bytes() const {
        if (ours) return ours->size;
        return today ? std::optional(today->arena) : std::nullopt;
    }
};

/// What a run's first reading is for, beside its demand.
struct first_reading {
    usage::statistics usage;
    usage::arena arena;
    trace::tee both{usage, arena};
};

/// What the traces say of the heap that they were made with.
result<void> look_at_today(
    const heap_options& shared,
    const heap_inputs& inputs,
    const std::deque<first_reading>& first,
    verdict& v
) {
    for (std::size_t i = 0; i < inputs.files.size(); ++i) {
        const trace::findings& found = inputs.found[i];
        v.peak = std::max(v.peak, first[i].usage.peak_bytes());
        v.failures += found.failures;
        v.certain = v.certain && found.gaps == 0 && found.damaged == 0 && found.freed_unknown == 0;
        const auto source = open_trace(inputs.files[i], shared);
        if (!source) return std::unexpected(source.error());
        if (const auto* const heap = source->announced(); heap != nullptr && !heap->is_foreign()) {
            if (!v.ours || heap->size > v.ours->size) v.ours = *heap;
            continue;
        }
        usage::arena arena(first[i].arena);
        if (const auto read = source->read(arena); !read) return std::unexpected(read.error());
        if (!arena.is_known()) continue;
        if (!v.today || arena.highest().arena > v.today->arena) v.today = arena.highest();
        if (arena.most_fragmented().scattered() > v.most_scattered.scattered())
            v.most_scattered = arena.most_fragmented();
    }
    // No heap takes less than what lives in it: what was drawn is of damaged words.
    if (v.today && v.today->arena < v.peak) v.today.reset();
    return {};
}

result<void> plan_pools(const heap_inputs& inputs, verdict& v) {
    auto planner = layout::planner::of(inputs.runs, {.most_pools = most_pools});
    if (!planner) return std::unexpected(planner.error());
    if (planner->empty())
        return fail("the trace has no allocation, so there is nothing to compare");
    const auto curve = planner->curve(1, most_pools);
    if (curve.empty()) return fail("no layout serves all requests of this trace");
    auto made = planner->make(
        {.pools = layout::cheapest_of(curve, pool_cost), .rule = layout::headroom::none}
    );
    if (!made) return std::unexpected(made.error());
    v.pools = *std::move(made);
    if (auto region =
            layout::plan_overflow(inputs.runs, {.most_pools = most_pools, .reserve = false}))
        v.region = *std::move(region);
    return {};
}

/// Pools, and a region after them.
std::string name_of(std::size_t pools, bool has_region) {
    if (pools == 0) return "region alone";
    return base::counted(pools, "pool") + (has_region ? " + region" : "");
}

const bench::figures* figures_of(std::size_t pools, bool has_region) {
    if (!has_region) return bench::find("drone, 8 pools");
    return bench::find(pools == 0 ? "drone, a region" : "drone, 8 pools and a region");
}

candidate today_of(const verdict& v) {
    candidate c{
        .name = "your allocator today",
        .bytes = v.today_bytes(),
        .any_order = "no: its holes depend on it",
    };
    if (!v.ours) return c;
    const bool has_region = v.ours->region.units != 0;
    c.name = "your heap today: " + name_of(v.ours->pools.size(), has_region);
    c.calls = figures_of(v.ours->pools.size(), has_region);
    if (!has_region) c.any_order = "yes, up to each pool's blocks";
    return c;
}

std::vector<candidate> candidates(const verdict& v) {
    std::vector<candidate> all{
        today_of(v),
        {.name = name_of(v.pools.pools.size(), false),
         .bytes = v.pool_bytes(),
         .calls = figures_of(v.pools.pools.size(), false),
         .any_order = "yes, up to each pool's blocks"},
    };
    if (v.region)
        all.push_back(
            {.name = name_of(v.region->pools.size(), true),
             .bytes = in_ram(*v.region),
             .calls = figures_of(v.region->pools.size(), true),
             .any_order = fmt::format("in {} tried", base::counted(v.region->orders, "order"))}
        );
    return all;
}

std::string
call_text(const bench::figures* calls, double bench::figures::* mean, int bench::figures::* worst) {
    return calls == nullptr ? "not known" : fmt::format("{:.1f}, {}", calls->*mean, calls->*worst);
}

/// Against what it takes today. Where ours is no better, it says so.
std::string judge(const verdict& v) {
    const std::optional<std::uint64_t> known = v.today_bytes();
    if (!known)
        return "The trace does not say for sure where blocks are: what the heap takes today is not known.\n";
    const std::uint64_t today = *known;
    const auto compared = [&](std::string_view what, std::uint64_t ours) {
        if (ours < today)
            return fmt::format(
                "{}: {} less than today ({})\n",
                what,
                base::counted(today - ours, "byte"),
                report::percent(today - ours, today)
            );
        if (ours == today) return fmt::format("{}: no memory saved, as much as today\n", what);
        return fmt::format(
            "{}: no memory saved, {} more than today\n", what, base::counted(ours - today, "byte")
        );
    };
    std::string text = compared("Pools", v.pool_bytes());
    if (v.region) text += compared("With a region", in_ram(*v.region));
    return text;
}

std::string to_text(const verdict& v) {
    std::vector<report::cells> rows;
    for (const candidate& c : candidates(v))
        rows.push_back(
            {c.name,
             c.bytes ? fmt::format("{}", *c.bytes) : "not known",
             c.bytes ? report::percent(*c.bytes, v.peak) : "not known",
             call_text(c.calls, &bench::figures::allocate_mean, &bench::figures::allocate_worst),
             call_text(
                 c.calls, &bench::figures::deallocate_mean, &bench::figures::deallocate_worst
             ),
             c.any_order}
        );
    std::string text = report::columns(
        {"Heap", "Bytes", "Of the Peak", "Allocate: Mean, Worst", "Deallocate", "In Any Order"},
        rows,
        0
    );
    text += fmt::format("\nPeak live memory: {} asked for\n", base::counted(v.peak, "byte"));
    if (v.ours)
        text += fmt::format(
            "The traced heap is one of Drone's: it has its {} whatever the program asks for\n",
            base::counted(v.ours->size, "byte")
        );
    else if (v.today)
        text += fmt::format(
            "Today's {} bytes, when they were reached: {} asked for, {} headers and rounding, {} free in {}\n"
            "Most bytes outside the largest hole at any time: {}, {:.0f}% of what was free then\n",
            v.today->arena,
            v.today->live,
            v.today->overhead,
            v.today->free,
            base::counted(v.today->holes, "hole"),
            v.most_scattered.scattered(),
            100 * v.most_scattered.fragmentation()
        );
    text += judge(v);
    if (v.region && !v.left_open.empty()) text += left_open_text(v.left_open, *v.region) + ".\n";
    if (!v.ours) text += "What a call of your allocator takes is not in a trace.\n";
    text +=
        "Instructions a call are the bench's, not this program's: Cortex-M4, -O2, the template's "
        "trace (docs/sizes.md).\n";
    if (v.region || (v.ours && v.ours->region.units != 0))
        text +=
            "With a region they are of random calls that the region mostly serves. What a pool there "
            "serves takes about as many as in pools alone.\n";
    text += "Other allocators there:\n";
    for (const char* const rival : rivals)
        if (const bench::figures* const f = bench::find(rival))
            text += fmt::format(
                "  {}: {} and {}\n",
                rival,
                call_text(f, &bench::figures::allocate_mean, &bench::figures::allocate_worst),
                call_text(f, &bench::figures::deallocate_mean, &bench::figures::deallocate_worst)
            );
    if (v.failures != 0)
        text += fmt::format(
            "{} failed when this was traced; pools are planned for that, too.\n",
            base::counted(v.failures, "request")
        );
    if (!v.certain)
        text +=
            "Not certain: the trace has gaps or damage, or does not begin with the program. The "
            "true figures may be lower or higher.\n";
    return text;
}

json calls_json(const bench::figures* f) {
    if (f == nullptr) return nullptr;
    return {
        {"allocate", {{"mean", f->allocate_mean}, {"worst", f->allocate_worst}}},
        {"deallocate", {{"mean", f->deallocate_mean}, {"worst", f->deallocate_worst}}},
    };
}

json pools_json(const std::vector<pool_spec>& pools) {
    json all = json::array();
    for (const pool_spec& pool : pools)
        all.push_back({{"block", pool.block}, {"capacity", pool.capacity}});
    return all;
}

json region_json(const verdict& v) {
    if (!v.region) return nullptr;
    const layout::overflow_plan& plan = *v.region;
    return {
        {"bytes", in_ram(plan)},
        {"size", plan.size},
        {"size_with_reserve", plan.with_reserve},
        {"region", plan.region},
        {"orders", plan.orders},
        {"exact", v.left_open.empty()},
        {"pools", pools_json(plan.pools)},
        {"instructions", calls_json(figures_of(plan.pools.size(), true))},
    };
}

std::string to_json(const verdict& v) {
    json today = nullptr;
    if (v.ours)
        today = {
            {"bytes", v.ours->size},
            {"pools", v.ours->pools.size()},
            {"region", v.ours->region.units != 0},
        };
    else if (v.today)
        today = {
            {"bytes", v.today->arena},
            {"live", v.today->live},
            {"overhead", v.today->overhead},
            {"free", v.today->free},
            {"holes", v.today->holes},
            {"largest_hole", v.today->largest_hole},
            {"worst_fragmentation", v.most_scattered.fragmentation()},
        };
    json measured = json::object();
    for (const char* const rival : rivals)
        measured[rival] = calls_json(bench::find(rival));
    const json all{
        {"peak_live", v.peak},
        {"failed", v.failures},
        {"certain", v.certain},
        {"today", today},
        {"pools",
         {{"bytes", v.pool_bytes()},
          {"used", v.pools.used},
          {"lower_bound", v.pools.lower_bound},
          {"optimal", v.pools.optimal},
          {"pools", pools_json(v.pools.pools)},
          {"instructions", calls_json(figures_of(v.pools.pools.size(), false))}}},
        {"region", region_json(v)},
        {"bench", measured},
    };
    return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

result<int> print_verdict(const heap_options& shared) {
    std::deque<first_reading> first;
    const auto inputs =
        read_heap_inputs(shared, [&]() -> trace::sink& { return first.emplace_back().both; });
    if (!inputs) return std::unexpected(inputs.error());
    if (inputs->has_summaries())
        return fail("a summary does not have the traced heap; name the trace itself");
    verdict v;
    v.left_open = inputs->left_open;
    if (const auto done = look_at_today(shared, *inputs, first, v); !done)
        return std::unexpected(done.error());
    if (const auto done = plan_pools(*inputs, v); !done) return std::unexpected(done.error());
    show_text(shared.json ? to_json(v) : to_text(v));
    return 0;
}

} // namespace

void add_verdict(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s) {
    command_syntax command = heap.add_subcommand(
        "verdict", "What the traced heap takes today, and what it would take with ours"
    );
    command.take_shared_options();
    s.on(command, [shared] { return print_verdict(*shared); });
}

} // namespace drone::cli

// SPDX-License-Identifier: MIT
#include "cli/generate_output.hpp"

#include "base/counted.hpp"
#include "config/rewrite.hpp"
#include "report/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace drone::cli {

namespace {

using json = nlohmann::ordered_json;

std::string curve_lines(const generated_heap& heap) {
    std::string text = "#  Pools |      Bytes |      Bound\n# -------+------------+-----------\n";
    for (const layout::curve_point& point : heap.curve)
        text += fmt::format(
            "# {:6} | {:10} | {:10}{}{}\n",
            point.pools,
            point.used,
            point.lower_bound,
            point.optimal ? "" : "  not proved",
            point.pools == heap.knee ? "  <- knee" : ""
        );
    return text;
}

} // namespace

nlohmann::ordered_json pools_json(std::span<const pool_spec> pools) {
    json list = json::array();
    for (const pool_spec& pool : pools)
        list.push_back({{"block", pool.block}, {"capacity", pool.capacity}});
    return list;
}

std::string fragmentation_line(std::uint64_t bytes, std::uint64_t size) {
    return fmt::format("# Fragmentation: {} / {}\n", bytes, report::percent(bytes, size));
}

std::string doubt_text(const layout::uncertainty& doubt, const std::string& reserve) {
    // A gap of unknown size adds nothing to the events that are known to be lost.
    std::string text = fmt::format(
        "{} in the trace, {} known to be lost: the real peaks may be higher",
        base::counted(doubt.gaps, "gap"),
        doubt.lost_events == 0 ? "no events" : base::counted(doubt.lost_events, "event")
    );
    if (!reserve.empty()) text += "; " + reserve;
    return text;
}

std::string failure_text(const heap_inputs& inputs, const layout::failure& failed) {
    return fmt::format(
        "event {}{} fails, a request of {}",
        usage::event_number(inputs.runs[failed.run], failed.step),
        inputs.files.size() > 1 ? " of " + inputs.files[failed.run] : "",
        base::counted(failed.request.size, "byte")
    );
}

std::string denied_text(const heap_inputs& inputs, std::uint64_t hopeless) {
    const traced_failures failed(inputs.runs);
    if (failed.count == 0) return {};
    std::string text = describe(failed, inputs);
    if (hopeless == 0) {
        text += ". The layout serves each of them";
    } else {
        text += inputs.size ? fmt::format(". No layout in a heap of {} bytes serves ", *inputs.size)
                            : ". No heap serves ";
        if (hopeless == failed.count)
            return text + (failed.count == 1 ? "it" : "any of them") +
                   ".\nLet the program ask for fewer bytes or less alignment" +
                   (inputs.size ? ", or make the heap larger.\n" : ".\n");
        text += fmt::format(
            "{} of them; this {}serves the others", hopeless, inputs.size ? "one " : "layout "
        );
    }
    return text +
           ".\nThe program needs more than this trace shows. Run it with this layout and trace it again.\n";
}

std::string
comparison(const heap_inputs& inputs, const std::optional<layout::replay_report>& on_today) {
    if (inputs.heap && inputs.heap->unusable)
        return fmt::format("The layout in Drone.toml: {}\n", inputs.heap->unusable->message);
    if (!inputs.heap || !on_today) return {};
    const config::heap& today = *inputs.heap;
    const layout::replay_report& replayed = *on_today;
    std::uint64_t taken = 0;
    std::uint64_t peaks = 0;
    for (std::size_t pool = 0; pool < today.pools.size(); ++pool) {
        taken += std::uint64_t{today.pools[pool].block} * today.pools[pool].capacity;
        peaks += std::uint64_t{today.pools[pool].block} * replayed.pools[pool].peak;
    }
    std::string text = "The layout in Drone.toml: ";
    if (!today.pools.empty())
        text += fmt::format(
            "{} of {} bytes, {} in use at the peaks, ",
            base::counted(today.pools.size(), "pool"),
            taken,
            peaks
        );
    if (replayed.region.bytes != 0)
        text += fmt::format(
            "a region of {} bytes, {} in use at its peak, room for a request of {} at its tightest moment, ",
            replayed.region.bytes,
            replayed.region.peak_bytes,
            replayed.region.least_hole
        );
    text += fmt::format("{} unused inside blocks; ", replayed.peak_waste);
    if (replayed.first_failure)
        return text + failure_text(inputs, *replayed.first_failure) +
               fmt::format(
                   "; {} in all {}\n", replayed.failures, replayed.failures == 1 ? "fails" : "fail"
               );
    return text + "it holds the trace\n";
}

namespace {

/// What the trace needs, and what is proved of it.
std::string needs_text(const generated_heap& heap) {
    const layout::plan& plan = heap.plan;
    const std::size_t pools = plan.pools.size();
    const std::string layouts = heap.asked_pools > pools
                                    ? "layout of up to " + base::counted(heap.asked_pools, "pool")
                                    : fmt::format("{}-pool layout", pools);
    const bool pays_for_headroom = !plan.optimal && plan.used > plan.least;
    const std::string_view kept = plan.has_kept_blocks ? " with the blocks of --keep" : "";
    if (plan.without_squeeze)
        return fmt::format(
            "{} bytes with fall-over, {} less than without, in this order of events only. No {} needs "
            "less than {} bytes{}.\n",
            plan.used,
            *plan.without_squeeze - plan.used,
            layouts,
            plan.lower_bound,
            doubt_of_fall_over(heap.inputs)
        );
    std::string text = fmt::format(
        "{} bytes, {}{} without fall-over. With fall-over, no {} needs less than {} bytes.\n",
        plan.used,
        plan.optimal ? std::string("the proved minimum")
        : pays_for_headroom
            ? fmt::format("for more headroom than the minimum of {} has,", plan.least)
            : "the smallest layout found, but not proved,",
        kept,
        layouts,
        plan.lower_bound
    );
    if (heap.squeeze_asked) text += "--squeeze found nothing smaller.\n";
    return text;
}

std::string doubt_of_pools(const generated_heap& heap) {
    std::string reserve;
    if (heap.plan.has_reserve)
        reserve = fmt::format(
            "each pool has {:.1f} % in reserve, and at least one block",
            100 * (heap.doubt.factor().factor() - 1)
        );
    return doubt_text(heap.doubt, reserve);
}

std::string room_text(const layout::plan& plan) {
    const std::uint32_t block = plan.pools[plan.room.first_full].block;
    constexpr double next_to_none = 1.005; // to two digits, 1.00
    if (plan.room.factor < next_to_none)
        return fmt::format("Headroom: none; the {}-byte pool is full at its traced peak.\n", block);
    return fmt::format(
        "Headroom: every pool can hold {:.2f} times its traced peak; the {}-byte pool fills first.\n",
        plan.room.factor,
        block
    );
}

} // namespace

config::heap suggested_heap(
    const heap_inputs& inputs,
    std::uint32_t size,
    std::uint32_t alignment,
    const std::vector<pool_spec>& pools
) {
    config::heap made;
    made.name = inputs.key;
    made.size = size;
    made.alignment = alignment;
    made.pools = pools;
    if (inputs.heap) {
        made.origin = inputs.heap->origin;
        made.permanent = inputs.heap->permanent;
        made.alignment = std::max(alignment, inputs.heap->alignment);
    }
    return made;
}

config::heap heap_of(const generated_heap& heap) {
    const layout::plan& plan = heap.plan;
    return suggested_heap(heap.inputs, plan.size, plan.alignment, plan.pools);
}

std::string remarks(const generated_heap& heap) {
    std::string text = fragmentation_line(heap.plan.fragmentation(), heap.plan.size);
    if (heap.doubt.gaps > 0) text += fmt::format("# {}\n", doubt_of_pools(heap));
    return text;
}

std::string to_toml(const generated_heap& heap) {
    std::string text;
    if (!heap.curve.empty()) text += curve_lines(heap) + "\n";
    return text + config::format_heap(heap_of(heap)) + remarks(heap);
}

std::string to_json(const generated_heap& heap) {
    const layout::plan& plan = heap.plan;
    json root;
    root["pools"] = pools_json(plan.pools);
    root["size"] = plan.size;
    root["align"] = heap_of(heap).alignment;
    root["used"] = plan.used;
    root["lower_bound"] = plan.lower_bound;
    root["optimal"] = plan.optimal;
    root["fragmentation"] = plan.fragmentation();
    root["headroom"] = plan.room.factor;
    root["first_full"] = plan.pools[plan.room.first_full].block;
    if (plan.without_squeeze) {
        root["without_squeeze"] = *plan.without_squeeze;
        root["exact"] = heap.inputs.left_open.empty();
    }
    root["replay"] = plan.replay.holds() ? "ok" : "fails";
    root["failed"] = traced_failures(heap.inputs.runs).count;
    root["gaps"] = heap.doubt.gaps;
    root["lost_events"] = heap.doubt.lost_events;
    if (!heap.curve.empty()) {
        root["knee"] = heap.knee;
        for (const layout::curve_point& point : heap.curve)
            root["curve"].push_back(
                {{"pools", point.pools},
                 {"used", point.used},
                 {"lower_bound", point.lower_bound},
                 {"optimal", point.optimal}}
            );
    }
    return root.dump() + "\n";
}

std::string to_json(const config::heap& heap) {
    json root;
    root["pools"] = pools_json(heap.pools);
    if (heap.overflow) root["overflow"] = tried(heap).region_bytes;
    root["size"] = heap.size;
    root["align"] = heap.alignment;
    return root.dump() + "\n";
}

std::string talk(const generated_heap& heap) {
    const layout::plan& plan = heap.plan;
    std::string text = fmt::format("{:=^80}\n", " SUGGESTED LAYOUT ");
    text += needs_text(heap);
    text += room_text(plan);
    if (heap.doubt.gaps > 0) text += doubt_of_pools(heap) + "\n";
    text += denied_text(heap.inputs, heap.hopeless);
    if (traced_failures(heap.inputs.runs).count > heap.hopeless)
        text +=
            "Each such round shows pools alone a few more sizes. With `overflow = true` in [heap], or with "
            "--overflow yes, a region serves what no pool does, and one round is enough.\n";
    text += fmt::format(
        "Replayed through the target's heap: {}, {}\n",
        base::counted(plan.replay.events, "event"),
        plan.replay.first_failure ? failure_text(heap.inputs, *plan.replay.first_failure)
                                  : "all served"
    );
    text += comparison(heap.inputs, heap.today);
    return text + "\n";
}

} // namespace drone::cli

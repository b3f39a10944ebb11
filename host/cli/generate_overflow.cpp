// SPDX-License-Identifier: MIT
#include "cli/generate_overflow.hpp"

#include "base/counted.hpp"
#include "cli/generate_output.hpp"
#include "config/rewrite.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace drone::cli {

namespace {

double ratio(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// How the orders that were tried came about.
std::string shifts_text(const layout::overflow_plan& plan) {
    if (plan.contexts == 0)
        return "The trace does not name contexts, so every event was shifted in these orders, as if each could come in "
               "an interrupt.\n";
    if (plan.contexts == 1) return "The trace names one context, so no event was shifted.\n";
    return fmt::format(
        "In these orders events of {} contexts were shifted against each other. Those of one context kept their order.\n",
        plan.contexts
    );
}

/// What pools hold whatever the order, what the region held in those that were tried.
std::string orders_text(const layout::overflow_plan& plan) {
    const std::string text = fmt::format(
        "{} bytes, or more, hold the traced order{}: {:.3f} times the peak. "
        "Lists take {} bytes beside them.\n{}",
        plan.needed,
        plan.orders == 1 ? ""
                         : fmt::format(" and {} near it", base::counted(plan.orders - 1, "order")),
        ratio(plan.used(), plan.peak_live),
        plan.control,
        shifts_text(plan)
    );
    if (plan.pools.empty())
        return text + "Pools would save nothing here, so nothing is guaranteed in any order.\n";
    std::uint64_t bytes = 0;
    for (const pool_spec& pool : plan.pools)
        bytes += std::uint64_t{pool.block} * pool.capacity;
    const std::string spent =
        plan.for_speed == 0
            ? ""
            : fmt::format(
                  "There are bytes to spare, so this layout needs {} more than the least: "
                  "requests are faster, or the region is larger.\n",
                  plan.for_speed
              );
    return text + spent +
           fmt::format(
               "In any order, {} in {} serve {:.1f} % of the requests.\n",
               base::counted(bytes, "byte"),
               base::counted(plan.pools.size(), "pool"),
               100 * ratio(plan.from_pools(), plan.requests)
           );
}

std::string reserve_text(const generated_overflow& heap) {
    return heap.plan.has_reserve ? "the region has that much in reserve" : "";
}

std::string headroom_text(const generated_overflow& heap) {
    const layout::overflow_plan& plan = heap.plan;
    const std::uint64_t tenth_more = (plan.needed + plan.needed / 10 + 7) / 8 * 8;
    if (plan.size >= tenth_more)
        return fmt::format(
            "Headroom: this heap is {:.2f} times what is needed. Its region has {} bytes.\n",
            ratio(plan.size, plan.needed),
            plan.region
        );
    return fmt::format(
        "Headroom: this heap is {:.2f} times what is needed. A heap of {} bytes has a tenth to spare, which "
        "other runs may need.\n",
        ratio(plan.size, plan.needed),
        tenth_more
    );
}

} // namespace

std::string left_open_text(std::string_view left_open, const layout::overflow_plan& plan) {
    return fmt::format(
        "The trace does not record {}. {}",
        left_open,
        plan.has_moves
            ? "The region was tried with none, all and random halves of those that may have"
            : "The program may differ where the region serves requests, so run it there"
    );
}

config::heap heap_of(const generated_overflow& heap) {
    const layout::overflow_plan& plan = heap.plan;
    config::heap made = suggested_heap(heap.inputs, plan.size, plan.alignment, plan.pools);
    made.overflow = true;
    return made;
}

std::string remarks(const generated_overflow& heap) {
    std::string text = fragmentation_line(heap.plan.replay.peak_waste, heap.plan.size);
    if (heap.doubt.gaps > 0)
        text += fmt::format("# {}\n", doubt_text(heap.doubt, reserve_text(heap)));
    return text;
}

std::string to_toml(const generated_overflow& heap) {
    return config::format_heap(heap_of(heap)) + remarks(heap);
}

std::string to_json(const generated_overflow& heap) {
    const layout::overflow_plan& plan = heap.plan;
    nlohmann::ordered_json root;
    root["pools"] = pools_json(plan.pools);
    root["overflow"] = plan.region;
    root["size"] = plan.size;
    root["align"] = heap_of(heap).alignment;
    root["used"] = plan.used();
    root["control"] = plan.control;
    root["peak_live"] = plan.peak_live;
    root["for_speed"] = plan.for_speed;
    root["lower_bound"] = plan.peak_live;
    root["optimal"] = false;
    root["fragmentation"] = plan.replay.peak_waste;
    root["headroom"] = ratio(plan.size, plan.needed);
    root["adversary"] = plan.adversary();
    root["orders"] = plan.orders;
    root["contexts"] = plan.contexts;
    root["moves"] = plan.has_moves;
    root["requests"] = plan.requests;
    root["from_pools"] = plan.from_pools();
    root["exact"] = heap.inputs.left_open.empty();
    root["replay"] = plan.holds() ? "ok" : "fails";
    root["failed"] = traced_failures(heap.inputs.runs).count;
    root["gaps"] = heap.doubt.gaps;
    root["lost_events"] = heap.doubt.lost_events;
    return root.dump() + "\n";
}

std::string talk(const generated_overflow& heap) {
    const layout::overflow_plan& plan = heap.plan;
    std::string text = fmt::format("{:=^80}\n", " SUGGESTED LAYOUT ");
    text += fmt::format(
        "{} live at the peak; any heap needs {}.\n{}"
        "An adversary who knows the heap could make it need {}, without more than that peak live.\n{}",
        plan.peak_live == 1 ? "1 byte is" : fmt::format("{} bytes are", plan.peak_live),
        plan.peak_live == 1 ? "it" : "them",
        orders_text(plan),
        base::counted(plan.adversary(), "byte"),
        headroom_text(heap)
    );
    if (heap.doubt.gaps > 0) text += doubt_text(heap.doubt, reserve_text(heap)) + "\n";
    text += denied_text(heap.inputs, plan.hopeless);
    text += fmt::format(
        "Replayed through the target's heap: {} in {}, {}{}\n",
        base::counted(plan.replay.events, "event"),
        base::counted(plan.orders, "order"),
        plan.replay.first_failure
            ? failure_text(heap.inputs, *plan.replay.first_failure)
            : std::string(
                  plan.holds_in_orders ? "all served" : "an order near the traced one fails"
              ),
        heap.inputs.left_open.empty() ? "" : ". " + left_open_text(heap.inputs.left_open, plan)
    );
    text += comparison(heap.inputs, heap.today);
    return text + "\n";
}

} // namespace drone::cli

// SPDX-License-Identifier: MIT

// drone heap replay: does a layout hold the traces, and how full do its pools get.

#include "layout/replay.hpp"

#include "base/counted.hpp"
#include "cli/command.hpp"
#include "cli/heap_inputs.hpp"
#include "cli/say.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace drone::cli {

namespace {

using json = nlohmann::ordered_json;

bool has_layout(const config::heap& heap) { return !heap.pools.empty() || heap.overflow; }

/// The heap to replay: of the file, else of Drone.toml.
result<config::heap> heap_to_replay(const heap_inputs& inputs, const std::string& file) {
    if (file.empty()) {
        if (inputs.heap && inputs.heap->unusable) return std::unexpected(*inputs.heap->unusable);
        if (inputs.heap && has_layout(*inputs.heap)) return *inputs.heap;
        return fail(
            "there is no layout to replay: Drone.toml is missing or has no pools; name a file with --layout"
        );
    }
    const auto project = config::read(file);
    if (!project) return std::unexpected(project.error());
    auto heap = config::require_heap(*project, inputs.key);
    if (!heap) return std::unexpected(heap.error());
    if (!has_layout(*heap))
        return fail(fmt::format("{}: the heap has no pools and no overflow region", file));
    return heap;
}

/// Whether a heap of the size that -s gives has room for the layout.
result<void> check_size(const config::heap& heap) {
    const std::uint64_t taken = config::pool_bytes(heap);
    if (taken <= heap.size) return {};
    return fail(fmt::format(
        "the pools take {} bytes, {} more than a heap of {}; give a larger one with -s, or "
        "let `drone heap generate` compute pools that fit",
        taken,
        taken - heap.size,
        heap.size
    ));
}

/// What was asked, what was live, which pools were full.
std::string
describe(const layout::failure& failed, const heap_inputs& inputs, const config::heap& heap) {
    std::string text = fmt::format(
        "the layout does not hold the trace: event {} of {} asks for {}",
        usage::event_number(inputs.runs[failed.run], failed.step),
        inputs.files[failed.run],
        base::counted(failed.request.size, "byte")
    );
    if (failed.request.alignment > granule)
        text += fmt::format(" aligned to {}", failed.request.alignment);
    text += fmt::format(
        " while {} of {} in all {} live, and ",
        base::counted(failed.live_blocks, "block"),
        base::counted(failed.live_bytes, "byte"),
        failed.live_blocks == 1 ? "is" : "are"
    );
    if (failed.largest_hole) {
        text += fmt::format(
            "the region has no free block for it: the largest request that it would serve is {}",
            base::counted(*failed.largest_hole, "byte")
        );
        if (failed.exhausted.empty()) return text + "; make the heap larger";
        text += ", and ";
    } else if (failed.exhausted.empty()) {
        return text + "no pool has blocks of that size and alignment; add one";
    }
    text += failed.exhausted.size() == 1 ? "the only pool that serves it is full: "
                                         : "all pools that serve it are full: ";
    std::string full;
    for (const std::size_t pool : failed.exhausted)
        full += fmt::format(
            "{}{} x {}", full.empty() ? "" : ", ", heap.pools[pool].block, heap.pools[pool].capacity
        );
    return text + full;
}

std::string describe(const layout::region_usage& region) {
    return fmt::format(
        "Region: {}, tags included; {} served, {} of them because their pool was full\n"
        "At its peak {}, {}; {} lost inside its blocks at most; at its tightest moment it would still have served {}\n",
        base::counted(region.bytes, "byte"),
        base::counted(region.taken, "request"),
        region.fell_into,
        base::counted(region.peak, "block"),
        base::counted(region.peak_bytes, "byte"),
        region.peak_waste,
        base::counted(region.least_hole, "byte")
    );
}

std::string to_table(const config::heap& heap, const layout::replay_report& report) {
    std::string text =
        heap.pools.empty()
            ? ""
            : "  Pool | Capacity | Max Load | Allocations |  Fell Over | Lost Bytes\n"
              "-------+----------+----------+-------------+------------+-----------\n";
    for (std::size_t pool = 0; pool < heap.pools.size(); ++pool)
        text += fmt::format(
            "{:6} | {:8} | {:8} | {:11} | {:10} | {:10}\n",
            heap.pools[pool].block,
            heap.pools[pool].capacity,
            report.pools[pool].peak,
            report.pools[pool].taken,
            report.pools[pool].fell_over,
            report.pools[pool].peak_waste
        );
    if (report.region.bytes != 0) text += "\n" + describe(report.region);
    text += fmt::format(
        "\nPeak: {}, {} requested\n"
        "Fragmentation: {}, the most that was unused inside blocks at one time ({} most may be at "
        "another)\n",
        base::counted(report.peak_blocks, "block"),
        base::counted(report.peak_bytes, "byte"),
        base::counted(report.peak_waste, "byte"),
        report.region.bytes != 0 ? "the region's included; each one's" : "each pool's"
    );
    return text;
}

/// Whether it matters which block was given back, and when: not where every request goes to its own
/// pool.
bool depends_on_order(const layout::replay_report& report) {
    if (report.region.taken != 0) return true;
    return std::ranges::any_of(report.pools, [](const auto& pool) { return pool.fell_over != 0; });
}

std::string
to_json(const config::heap& heap, const layout::replay_report& report, const heap_inputs& inputs) {
    json root;
    root["holds"] = report.holds();
    root["exact"] = inputs.left_open.empty() || !depends_on_order(report);
    root["events"] = report.events;
    root["failures"] = report.failures;
    root["failed"] = traced_failures(inputs.runs).count;
    root["peak_blocks"] = report.peak_blocks;
    root["peak_bytes"] = report.peak_bytes;
    root["fragmentation"] = report.peak_waste;
    root["pools"] = json::array();
    for (std::size_t pool = 0; pool < heap.pools.size(); ++pool)
        root["pools"].push_back(
            {{"block", heap.pools[pool].block},
             {"capacity", heap.pools[pool].capacity},
             {"peak", report.pools[pool].peak},
             {"taken", report.pools[pool].taken},
             {"fell_over", report.pools[pool].fell_over},
             {"fell_into", report.pools[pool].fell_into},
             {"waste", report.pools[pool].peak_waste}}
        );
    if (const layout::region_usage& region = report.region; region.bytes != 0)
        root["region"] = {
            {"bytes", region.bytes},
            {"peak_bytes", region.peak_bytes},
            {"peak", region.peak},
            {"taken", region.taken},
            {"fell_over", region.fell_over},
            {"fell_into", region.fell_into},
            {"waste", region.peak_waste},
            {"least_hole", region.least_hole},
        };
    if (const auto& failed = report.first_failure) {
        json full = json::array();
        for (const std::size_t pool : failed->exhausted)
            full.push_back(heap.pools[pool].block);
        root["failure"] = {
            {"file", inputs.files[failed->run]},
            {"event", usage::event_number(inputs.runs[failed->run], failed->step)},
            {"size", failed->request.size},
            {"align", failed->request.alignment},
            {"live_blocks", failed->live_blocks},
            {"live_bytes", failed->live_bytes},
            {"full", full},
        };
        if (failed->largest_hole) root["failure"]["largest_hole"] = *failed->largest_hole;
    }
    return root.dump() + "\n";
}

result<int> replay(const heap_options& shared, const std::string& file) {
    const auto inputs = read_heap_inputs(shared);
    if (!inputs) return std::unexpected(inputs.error());
    if (!inputs->other_heap.empty()) say("drone: note: {}\n", inputs->other_heap);
    auto heap = heap_to_replay(*inputs, file);
    if (!heap) return std::unexpected(heap.error());
    if (inputs->has_summaries() && heap->overflow)
        return fail(
            "a summary does not have the order of events, on which a region depends; name the trace "
            "itself, or a layout of pools alone with --layout"
        );
    if (const auto size = inputs->size; size && !shared.size.empty()) {
        heap->size = *size;
        if (const auto fits = check_size(*heap); !fits) return std::unexpected(fits.error());
    }
    if (const traced_failures failed(inputs->runs); failed.count > 0)
        say("{}. They are replayed as demand\n", describe(failed, *inputs));
    const auto report = layout::replay(inputs->runs, tried(*heap));
    if (!report) return std::unexpected(report.error());
    fmt::print("{}", shared.json ? to_json(*heap, *report, *inputs) : to_table(*heap, *report));
    if (const auto& failed = report->first_failure) return fail(describe(*failed, *inputs, *heap));
    say("The layout holds the trace: {}{}\n",
        base::counted(report->events, "event"),
        depends_on_order(*report) ? doubt_of_fall_over(*inputs) : "");
    return 0;
}

} // namespace

void add_replay(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s) {
    auto file = std::make_shared<std::string>();
    command_syntax command = heap.add_subcommand(
        "replay", "Replay the trace on a layout: whether it holds, and how full it gets"
    );
    command.take_shared_options();
    command.add_option(
        "--layout", *file, "The file with the [heap] to replay; by default Drone.toml"
    );
    command.add_flag("--json", shared->json, "Print the report as JSON");
    s.on(command, [shared, file] { return replay(*shared, *file); });
}

} // namespace drone::cli

// SPDX-License-Identifier: MIT

// drone heap generate: the [heap] section that fits this program.

#include "cli/command.hpp"
#include "cli/generate_output.hpp"
#include "cli/generate_overflow.hpp"
#include "cli/heap_inputs.hpp"
#include "cli/say.hpp"
#include "cli/suggestion.hpp"
#include "cli/write_heap.hpp"
#include "config/rewrite.hpp"
#include "layout/plan.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace drone::cli {

namespace {

/// `auto` is the knee of so many pools at most: beyond them the search for a block's pool costs more
/// code than most programs save bytes.
constexpr std::size_t auto_limit = 16;

struct generate_options {
    std::string pools = "auto";
    std::string rule = "spread";
    std::string keep;
    std::string overflow;        ///< yes, no; empty: as Drone.toml says
    std::uint32_t pool_cost = 8; // a free list's head, and what its code grows by
    bool squeeze = false;
    bool write = false;
    bool yes = false;
    bool no_trace = false; ///< a guess for any program, asked for by name
};

/// `5`, `auto` or `2..32`.
struct pool_range {
    std::size_t first = 0;
    std::size_t last = 0;
    bool automatic = false;

    [[nodiscard]] bool is_one() const { return first == last; }
};

std::optional<std::size_t> parse_count(std::string_view text) {
    std::size_t count = 0;
    const char* const begin = text.begin();
    const char* const end = text.end();
    const auto [stopped, problem] = std::from_chars(begin, end, count);
    if (problem != std::errc{} || stopped != end) return std::nullopt;
    if (count == 0 || count > layout::pool_limit) return std::nullopt;
    return count;
}

std::optional<pool_range> parse_pools(std::string_view text) {
    if (text == "auto") return pool_range{.first = 1, .last = auto_limit, .automatic = true};
    const std::size_t dots = text.find("..");
    const auto first = parse_count(text.substr(0, dots));
    const auto last = dots == std::string_view::npos ? first : parse_count(text.substr(dots + 2));
    if (!first || !last || *first > *last) return std::nullopt;
    return pool_range{.first = *first, .last = *last};
}

result<std::vector<std::uint32_t>> parse_blocks(const std::string& text) {
    std::set<std::uint32_t> blocks; // one that is named twice is one
    std::istringstream words(text);
    for (std::string word; std::getline(words, word, ',');) {
        const std::size_t begin = word.find_first_not_of(' ');
        const std::size_t end = word.find_last_not_of(' ');
        if (begin == std::string::npos) continue;
        const auto block = config::parse_size(word.substr(begin, end - begin + 1));
        if (!block) return std::unexpected(block.error());
        if (*block == 0 || *block > UINT32_MAX)
            return fail(fmt::format("no pool has blocks of {} bytes", *block));
        if (*block % granule != 0)
            return fail(fmt::format(
                "a block of {} bytes is not a multiple of {}; write {}",
                *block,
                granule,
                (*block + granule - 1) / granule * granule
            ));
        blocks.insert(static_cast<std::uint32_t>(*block));
    }
    return std::vector(blocks.begin(), blocks.end());
}

bool wants_overflow(const heap_inputs& inputs, const generate_options& options) {
    if (!options.overflow.empty()) return options.overflow == "yes";
    return inputs.heap && inputs.heap->overflow;
}

/// Without a trace: pools for any program, or a region and nothing else.
result<int> lay_out_without_trace(
    const heap_options& shared, const pool_range& range, const generate_options& options
) {
    const auto inputs = find_heap(shared);
    if (!inputs) return std::unexpected(inputs.error());
    const auto size = inputs->size;
    if (!size) return fail("--no-trace: the heap's size is not known; give it with -s");
    config::heap made = inputs->heap.value_or(config::heap{});
    made.name = inputs->key;
    made.size = *size;
    made.overflow = wants_overflow(*inputs, options);
    made.pools.clear();
    made.unusable.reset();
    if (!made.overflow)
        made.pools = layout::layout_without_trace(
            made.size, range.automatic ? layout::usual_pools : range.last
        );
    if (made.overflow ? place_region(0, made.size).granules == 0 : made.pools.empty())
        return fail(fmt::format("a heap of {} bytes is too small for a pool", made.size));
    say("No trace was read. This layout is for any program.\n");
    fmt::print("{}", shared.json ? to_json(made) : config::format_heap(made));
    if (options.write) return write_heap(*inputs, made, {}, options.yes);
    return 0;
}

std::unexpected<error> no_allocation() {
    return fail("the trace has no allocation; make another with `just heaptrace`, name one "
                "with -f, or ask for a layout for any program with --no-trace");
}

/// The traces on the layout that Drone.toml has today.
std::optional<layout::replay_report> replay_of_today(const heap_inputs& inputs) {
    if (inputs.has_summaries() || !inputs.heap || inputs.heap->unusable ||
        (inputs.heap->pools.empty() && !inputs.heap->overflow))
        return std::nullopt;
    auto replayed = layout::replay(inputs.runs, tried(*inputs.heap));
    if (!replayed) return std::nullopt;
    return *std::move(replayed);
}

result<heap_inputs> read_traces(const heap_options& shared) {
    auto inputs = read_heap_inputs(shared);
    if (!inputs && inputs.error().kind == error_kind::missing)
        inputs.error().message += "; --no-trace lays out pools for any program";
    return inputs;
}

result<generated_overflow> lay_out_overflow(
    const heap_inputs& inputs, const pool_range& range, const generate_options& options
) {
    if (options.squeeze || !options.keep.empty())
        return fail("--squeeze and --keep are for pools alone; leave them out, or say --overflow no"
        );
    if (std::ranges::all_of(inputs.runs, [](const auto& run) { return run.steps.empty(); }))
        return no_allocation();
    auto made = layout::plan_overflow(inputs.runs, {.most_pools = range.last, .size = inputs.size});
    if (!made) return std::unexpected(made.error());
    return generated_overflow{
        .inputs = inputs,
        .plan = *std::move(made),
        .doubt = layout::doubt_of(inputs.runs),
        .today = replay_of_today(inputs),
    };
}

result<generated_heap>
lay_out_pools(const heap_inputs& inputs, const pool_range& range, const generate_options& options) {
    auto keep = parse_blocks(options.keep);
    if (!keep) return std::unexpected(keep.error());
    auto planner = layout::planner::of(
        inputs.runs, {.most_pools = range.last, .keep = *std::move(keep), .size = inputs.size}
    );
    if (!planner) return std::unexpected(planner.error());
    if (planner->empty()) return no_allocation();

    generated_heap heap{
        .inputs = inputs, .plan = {}, .curve = {}, .knee = 0, .doubt = planner->doubt()
    };
    std::size_t pools = range.last;
    if (!range.is_one()) {
        heap.curve = planner->curve(range.first, range.last);
        if (heap.curve.empty())
            return fail(fmt::format(
                "{} pools cannot have all blocks of --keep; ask for more pools", range.last
            ));
        pools = heap.knee = layout::cheapest_of(heap.curve, options.pool_cost);
    }
    const auto rule = layout::headroom_named(options.rule).value_or(layout::headroom::spread);
    auto made = planner->make(
        {.pools = pools, .size = inputs.size, .rule = rule, .squeeze = options.squeeze}
    );
    if (!made) return std::unexpected(made.error());
    heap.plan = *std::move(made);
    heap.hopeless = planner->hopeless();
    heap.today = replay_of_today(inputs);
    heap.squeeze_asked = options.squeeze;
    heap.asked_pools = pools;
    return heap;
}

/// Prints a layout, and writes it where that is asked for. `doubt` is why it does not hold the trace,
/// empty if it does.
template <class Generated>
result<int> hand_out(
    const Generated& heap, const std::string& doubt, const generate_options& options, bool json
) {
    say_text(talk(heap));
    fmt::print("{}", json ? to_json(heap) : to_toml(heap));
    if (!doubt.empty()) return fail(doubt);
    if (options.write) return write_heap(heap.inputs, heap_of(heap), remarks(heap), options.yes);
    return 0;
}

result<int> generate(const heap_options& shared, const generate_options& options) {
    const pool_range range = parse_pools(options.pools).value_or(pool_range{});
    if (options.no_trace) return lay_out_without_trace(shared, range, options);
    const auto inputs = read_traces(shared);
    if (!inputs) return std::unexpected(inputs.error());
    if (options.write && !inputs->other_heap.empty())
        return fail(fmt::format("nothing is written: {}", inputs->other_heap));
    if (!inputs->other_heap.empty()) say("drone: note: {}\n", inputs->other_heap);
    if (inputs->has_summaries() && wants_overflow(*inputs, options))
        return fail("a summary does not have the order of events, on which the size of a region "
                    "depends; name the traces themselves, or lay out pools alone with --overflow no"
        );
    if (inputs->has_summaries() && options.squeeze)
        return fail(
            "--squeeze counts on the order of events, which a summary does not have; leave it "
            "out, or name the traces themselves"
        );
    if (wants_overflow(*inputs, options)) {
        const auto heap = lay_out_overflow(*inputs, range, options);
        if (!heap) return std::unexpected(heap.error());
        const std::string doubt =
            heap->plan.holds()
                ? ""
                : "this heap does not hold the trace in every order tried; make it larger";
        return hand_out(*heap, doubt, options, shared.json);
    }
    auto heap = lay_out_pools(*inputs, range, options);
    if (!heap) return std::unexpected(heap.error());
    if (range.automatic) heap->curve.clear(); // nobody asked for it
    const std::string doubt =
        heap->plan.replay.holds() ? "" : "this layout does not hold the trace when it is replayed";
    return hand_out(*heap, doubt, options, shared.json);
}

/// What a page shows of a layout beside what `--json` prints.
nlohmann::ordered_json
suggestion(const std::string& json, std::string toml, const layout::replay_report& replay) {
    nlohmann::ordered_json most = nlohmann::ordered_json::array();
    for (const layout::pool_usage& pool : replay.pools)
        most.push_back(pool.peak);
    return {
        {"generated", nlohmann::ordered_json::parse(json)},
        {"toml", std::move(toml)},
        {"most", most},
        {"region_peak",
         replay.region.bytes == 0 ? nlohmann::ordered_json(nullptr)
                                  : nlohmann::ordered_json(replay.region.peak_bytes)},
    };
}

} // namespace

result<nlohmann::ordered_json> suggest_layout(const heap_inputs& inputs) {
    const generate_options usual;
    const pool_range range = parse_pools(usual.pools).value_or(pool_range{});
    if (wants_overflow(inputs, usual)) {
        const auto heap = lay_out_overflow(inputs, range, usual);
        if (!heap) return std::unexpected(heap.error());
        return suggestion(to_json(*heap), to_toml(*heap), heap->plan.replay);
    }
    auto heap = lay_out_pools(inputs, range, usual);
    if (!heap) return std::unexpected(heap.error());
    const auto curve = std::move(heap->curve);
    heap->curve.clear();
    nlohmann::ordered_json made = suggestion(to_json(*heap), to_toml(*heap), heap->plan.replay);
    for (const layout::curve_point& point : curve)
        made["curve"].push_back({point.pools, point.used, point.lower_bound});
    return made;
}

void add_generate(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s) {
    auto options = std::make_shared<generate_options>();
    command_syntax command =
        heap.add_subcommand("generate", "The [heap] section that fits this program");
    command.take_shared_options();
    command.add_option("-p,--pools", options->pools, "The most pools; auto; or N..M for the curve")
        .shows_default()
        .check([](const std::string& text) {
            return parse_pools(text)
                       ? std::string()
                       : fmt::format(
                             "\"{}\" is not a number of pools; write 1 to {}, auto or a range such as 2..32",
                             text,
                             layout::pool_limit
                         );
        });
    command.add_option("--headroom", options->rule, "What to do with the bytes that are left")
        .shows_default()
        .one_of({"spread", "none", "scale", "balanced"});
    command
        .add_option(
            "--overflow",
            options->overflow,
            "Whether a region serves what no pool does; without it, as Drone.toml says"
        )
        .one_of({"yes", "no"});
    command.add_option("--keep", options->keep, "Blocks that must be pools: 16,32")
        .check(refused_by(parse_blocks));
    command.check([options] {
        const auto keep = parse_blocks(options->keep);
        const std::size_t most = parse_pools(options->pools).value_or(pool_range{}).last;
        if (!keep || keep->size() <= most) return std::string();
        return fmt::format(
            "--keep {} has more blocks than --pools {} allows", options->keep, options->pools
        );
    });
    command
        .add_option(
            "--pool-cost",
            options->pool_cost,
            "Bytes that another pool must save with --pools auto or N..M"
        )
        .shows_default();
    command.add_flag(
        "--squeeze", options->squeeze, "Count on requests that fall over into larger pools"
    );
    command.add_flag("--write", options->write, "Put the layout into Drone.toml");
    command.add_flag("--yes", options->yes, "Do not ask before writing");
    command.add_flag(
        "--no-trace", options->no_trace, "Pools for any program, when there is no trace yet"
    );
    command.add_flag("--json", shared->json, "Print the layout as JSON");
    s.on(command, [shared, options] { return generate(*shared, *options); });
}

} // namespace drone::cli

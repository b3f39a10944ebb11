// SPDX-License-Identifier: MIT

// drone heap: what the program did with its heap.

#include "cli/command.hpp"
#include "cli/heap_inputs.hpp"
#include "cli/read_report.hpp"
#include "cli/say.hpp"
#include "cli/terminal.hpp"
#include "config/config.hpp"
#include "report/bars.hpp"
#include "report/json.hpp"
#include "report/remarks.hpp"
#include "report/sections.hpp"
#include "report/table.hpp"
#include "usage/live_line.hpp"

#include <drone/layout.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace drone::cli {

namespace {

struct usage_options {
    std::string elf;
    std::vector<std::string> sections;
    std::vector<std::string> skipped;
    bool full = false;
};

/// The live bytes of each run as a line of heights.
result<void> show_live_bytes(
    const heap_inputs& inputs, const heap_options& shared, const report::heap_report& r
) {
    constexpr std::string_view label = "Live bytes, from begin to end: ";
    constexpr std::size_t longest = 100;
    constexpr std::size_t shortest = 8;
    if (r.how.width < label.size() + shortest) return {};
    const std::size_t room = std::min(longest, r.how.width - label.size());
    for (const std::string& file : inputs.files) {
        const auto source = open_trace(file, shared);
        if (!source) return std::unexpected(source.error());
        usage::live_line live;
        if (const auto read = source->read(live); !read) return std::unexpected(read.error());
        if (live.most().empty()) continue;
        if (inputs.files.size() > 1) show_text(file + ":\n");
        show_text(fmt::format(
            "{}{}\n", label, report::sparkline(report::most_of_parts(live.most(), room), r.how.utf8)
        ));
    }
    return {};
}

result<int> print_usage(const heap_options& shared, const usage_options& options) {
    const auto found = find_heap(shared);
    if (!found) return std::unexpected(found.error());
    const heap_inputs& inputs = *found;
    report::heap_report r;
    r.full = options.full;
    r.skipped = options.skipped;
    if (!options.full) r.how.width = terminal_width();
    r.how.bars = is_on_terminal() && !shared.json;
    r.how.utf8 = is_utf8();
    r.heap_size = inputs.size;
    r.core_clock = inputs.core_clock;
    if (inputs.heap) r.permanent = inputs.heap->permanent;
    const bool with_details = shared.json || !options.sections.empty();
    const bool with_arena = shared.json || std::ranges::count(options.sections, "arena") != 0;
    for (const std::string& file : inputs.files) {
        const auto source = open_trace(file, shared);
        if (!source) return std::unexpected(source.error());
        if (const auto read = read_run(*source, inputs, with_details, with_arena, r); !read)
            return std::unexpected(read.error());
    }
    std::vector<std::vector<std::uint32_t>> identities;
    identities.reserve(r.runs.size());
    for (const report::run& one : r.runs)
        identities.push_back(one.found.identities);
    warn_of_different_builds(inputs.files, identities);
    const bool has_leaks =
        std::ranges::any_of(r.runs, [](const report::run& one) { return !one.growing.empty(); });
    const bool callers_are_shown =
        has_leaks || std::ranges::any_of(options.sections, [](const std::string& section) {
            return section == "caller" || section == "age";
        });
    if (with_details || has_leaks || !r.permanent.empty() || !options.elf.empty())
        if (const auto callers = name_callers(inputs, options.elf, callers_are_shown, r); !callers)
            return std::unexpected(callers.error());
    if (shared.json) {
        fmt::print("{}", report::to_json(r));
        return 0;
    }
    show_text(report::usage_table(r.usage, r.heap_size, r.how));
    if (r.how.bars)
        if (const auto drawn = show_live_bytes(inputs, shared, r); !drawn)
            return std::unexpected(drawn.error());
    if (const std::string remarks = report::remarks(r); !remarks.empty()) show_text("\n" + remarks);
    for (const std::string& name : options.sections)
        show_text(report::section(r, name));
    return 0;
}

} // namespace

command_syntax
add_heap(command_syntax parent, const std::shared_ptr<heap_options>& shared, session& s) {
    const auto options = std::make_shared<usage_options>();
    command_syntax heap = parent.add_subcommand("heap", "What the program did with its heap");
    heap.add_option(
            "-f,--file", shared->files, "A heap trace; several are several runs of one program"
    )
        .shows_default()
        .shared();
    heap.add_option("-c,--config", shared->key, "The heap's key in Drone.toml")
        .shows_default()
        .shared();
    heap.add_option("-s,--size", shared->size, "Size of the heap, e.g. 10K")
        .check(refused_by(parse_heap_size))
        .shared();
    heap.add_option(
            "--align",
            shared->alignment,
            "The alignment of requests in a trace that does not record it (malloc: 8)"
    )
        .takes("BYTES")
        .shared()
        .check([](const std::string& text) {
            const auto bytes = config::parse_size(text);
            return bytes && std::has_single_bit(*bytes) && *bytes <= alignment_limit
                       ? std::string()
                       : fmt::format(
                             "\"{}\" is not an alignment; write a power of two up to {}",
                             text,
                             alignment_limit
                         );
        });
    heap.add_option(
            "--overhead",
            shared->overhead,
            "Bytes that each size in the trace has too much: its hook counts headers"
    )
        .takes("BYTES")
        .shared();
    heap.add_option(
            "--by",
            options->sections,
            "Another table: age, arena, caller, context, lifetime, peak or pool"
    )
        .one_of(report::section_names());
    heap.add_option("--elf", options->elf, "The firmware, whose functions name the callers");
    heap.add_flag("--full", options->full, "Callers with library functions and template arguments");
    heap.add_option(
        "--skip", options->skipped, "A function that is not a caller, such as a wrapper: 'luaM_*'"
    );
    heap.add_flag("--json", shared->json, "Everything, as JSON").shared();
    s.on(heap, [shared, options] { return print_usage(*shared, *options); });
    return heap;
}

} // namespace drone::cli

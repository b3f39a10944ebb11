// SPDX-License-Identifier: MIT

// drone heap: what the program did with its heap.

#include "cli/command.hpp"
#include "cli/heap_inputs.hpp"
#include "cli/say.hpp"
#include "config/config.hpp"
#include "report/json.hpp"
#include "report/remarks.hpp"
#include "report/sections.hpp"
#include "report/symbols.hpp"
#include "report/table.hpp"
#include "trace/read.hpp"

#include <drone/layout.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drone::cli {

namespace {

struct heap_options {
    std::vector<std::string> files = {"heaptrace"};
    std::string key{config::main_heap};
    std::string size;
    std::string elf;
    std::vector<std::string> sections;
    bool json = false;
};

/// What Drone.toml and -s say. The percentages are of -s, else of the heap in Drone.toml.
result<void> read_project(const heap_options& options, report::heap_report& r) {
    if (!options.size.empty()) {
        const auto size = parse_heap_size(options.size);
        if (!size) return std::unexpected(size.error());
        r.heap_size = *size;
    }
    const auto file = config::find(".");
    if (!file) return {};
    const auto project = config::read(*file);
    if (!project) return std::unexpected(project.error());
    r.core_clock = project->log.core_clock;
    if (const config::heap* const heap = project->find_heap(options.key)) {
        if (!r.heap_size) r.heap_size = heap->size;
        r.permanent = heap->permanent;
    } else if (options.key != config::main_heap) {
        return std::unexpected(config::require_heap(*project, options.key).error());
    }
    return {};
}

/// The firmware that --elf names, else the only one in the project's build folder.
std::string firmware(const heap_options& options) {
    if (!options.elf.empty()) return options.elf;
    const auto file = config::find(".");
    if (!file) return {};
    std::string only;
    std::error_code missing;
    for (const auto& entry :
         std::filesystem::directory_iterator(file->parent_path() / "build", missing)) {
        if (entry.path().extension() != ".elf") continue;
        if (!only.empty()) return {};
        only = entry.path().string();
    }
    return only;
}

/// Lets callers be named by the functions of the firmware, if there is one.
result<void> name_callers(const heap_options& options, report::heap_report& r) {
    const std::string elf = firmware(options);
    if (elf.empty()) return {};
    auto opened = report::symbols::open(elf);
    if (!opened) return std::unexpected(opened.error());
    const auto symbols = std::make_shared<report::symbols>(std::move(*opened));
    r.functions_at = [symbols](std::uint32_t at) { return symbols->functions(at); };
    return {};
}

/// Details take a second reading: the moment of the peak is known after the first one.
result<void> read_run(const std::string& file, bool with_details, report::heap_report& into) {
    const auto source = trace::source::open(file);
    if (!source) return std::unexpected(source.error());
    usage::statistics alone;
    auto found = source->read(alone);
    if (!found) return std::unexpected(found.error());
    for (const std::string& notice : found->notices)
        say("drone: {}: {}\n", file, notice);
    usage::analysis details(alone.peak_event());
    usage::growth_by_caller growth;
    const bool grows = alone.grows();
    if (with_details || grows || !into.permanent.empty())
        if (const auto again = source->read(details); !again) return std::unexpected(again.error());
    if (grows)
        if (const auto again = source->read(growth); !again) return std::unexpected(again.error());
    into.usage.unite(alone);
    into.runs.push_back({file, std::move(*found), std::move(details), growth.found()});
    return {};
}

result<int> print_usage(const heap_options& options) {
    report::heap_report r;
    if (const auto read = read_project(options, r); !read) return std::unexpected(read.error());
    const bool with_details = options.json || !options.sections.empty();
    for (const std::string& file : options.files)
        if (const auto read = read_run(file, with_details, r); !read)
            return std::unexpected(read.error());
    const bool has_leaks =
        std::ranges::any_of(r.runs, [](const report::run& one) { return !one.growing.empty(); });
    if (with_details || has_leaks || !r.permanent.empty())
        if (const auto named = name_callers(options, r); !named)
            return std::unexpected(named.error());
    if (options.json) {
        fmt::print("{}", report::to_json(r));
        return 0;
    }
    show_text(report::usage_table(r.usage, r.heap_size));
    if (const std::string remarks = report::remarks(r); !remarks.empty()) show_text("\n" + remarks);
    for (const std::string& name : options.sections)
        show_text(report::section(r, name));
    return 0;
}

} // namespace

void add_heap(CLI::App& parent, session& s) {
    auto options = std::make_shared<heap_options>();
    CLI::App& heap = *parent.add_subcommand("heap", "What the program did with its heap");
    heap.add_option("-f,--file", options->files, "Heap trace; several: several runs of one program")
        ->capture_default_str();
    heap.add_option("-c,--config", options->key, "The heap's key in Drone.toml")
        ->capture_default_str();
    heap.add_option("-s,--size", options->size, "Size of the heap, e.g. 10K");
    heap.add_option(
            "--align",
            "Bytes, what a request is aligned to where the trace does not say it (malloc's: 8)"
    )
        ->type_name("BYTES")
        ->check([](const std::string& text) {
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
            "--by", options->sections, "Another table: age, caller, context, lifetime, peak or pool"
    )
        ->check(CLI::IsMember(report::section_names()))
        ->allow_extra_args(false);
    heap.add_option("--elf", options->elf, "The firmware, whose functions callers are named by");
    heap.add_flag("--json", options->json, "Everything there is to say, as JSON");
    s.on(heap, [options] { return print_usage(*options); });
}

} // namespace drone::cli

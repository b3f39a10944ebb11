// SPDX-License-Identifier: MIT

// drone heap: what the program did with its heap.

#include "cli/command.hpp"
#include "config/config.hpp"
#include "report/table.hpp"
#include "trace/read.hpp"

#include <fmt/core.h>

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
};

/// What percentages are of: -s, else the heap of Drone.toml, else nothing.
result<std::optional<std::uint64_t>> heap_size(const heap_options& options) {
    if (!options.size.empty()) {
        const auto size = config::parse_size(options.size);
        if (!size) return std::unexpected(size.error());
        return *size;
    }
    if (!config::find(".")) return std::nullopt;
    const auto project = config::read_nearest();
    if (!project) return std::unexpected(project.error());
    const auto heap = config::require_heap(*project, options.key);
    if (!heap) return std::unexpected(heap.error());
    return heap->size;
}

result<int> print_usage(const heap_options& options) {
    const auto size = heap_size(options);
    if (!size) return std::unexpected(size.error());
    trace::statistics usage;
    for (const std::string& file : options.files) {
        const auto source = trace::source::open(file);
        if (!source) return std::unexpected(source.error());
        usage.begin_run();
        const auto found = source->read(usage);
        if (!found) return std::unexpected(found.error());
        for (const std::string& notice : found->notices)
            fmt::print(stderr, "drone: {}: {}\n", file, notice);
    }
    fmt::print("{}", report::usage_table(usage, *size));
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
    s.on(heap, [options] { return print_usage(*options); });
}

} // namespace drone::cli

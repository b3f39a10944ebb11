// SPDX-License-Identifier: MIT

// drone heap report: what the program did with its heap, as a page to look at.

#include "base/file.hpp"
#include "cli/command.hpp"
#include "cli/heap_inputs.hpp"
#include "cli/read_report.hpp"
#include "cli/say.hpp"
#include "cli/suggestion.hpp"
#include "report/page/page.hpp"
#include "trace/read.hpp"
#include "usage/make_demand.hpp"
#include "usage/statistics.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace drone::cli {

namespace {

struct page_options {
    std::string output;
    std::string before;
    std::string elf;
};

/// What the page is about: the firmware, the project, else the trace.
std::string title(const heap_inputs& inputs, const page_options& options) {
    if (!options.elf.empty()) return std::filesystem::path(options.elf).filename().string();
    if (inputs.project)
        return std::filesystem::absolute(*inputs.project).parent_path().filename().string();
    return std::filesystem::path(inputs.files.front()).filename().string();
}

result<report::heap_report>
read_one(const trace::source& trace, const heap_inputs& inputs, const page_options& options) {
    report::heap_report r;
    r.heap_size = inputs.size;
    r.core_clock = inputs.core_clock;
    if (inputs.heap) r.permanent = inputs.heap->permanent;
    const trace::traced_heap* const heap = trace.announced();
    const bool is_foreign = heap != nullptr && heap->is_foreign();
    if (const auto read = read_run(trace, inputs, true, is_foreign, r); !read)
        return std::unexpected(read.error());
    if (const auto named = name_callers(inputs, options.elf, true, r); !named)
        return std::unexpected(named.error());
    return r;
}

/// The curve of an earlier run.
result<report::run_before> read_before(const std::string& file, const heap_options& shared) {
    const auto trace = open_trace(file, shared);
    if (!trace) return std::unexpected(trace.error());
    usage::statistics all;
    if (const auto read = trace->read(all); !read) return std::unexpected(read.error());
    usage::timeline line(
        {.events = all.events(), .peak_event = all.peak_event(), .kind = usage::holder_kind::caller}
    );
    if (const auto read = trace->read(line); !read) return std::unexpected(read.error());
    line.finish();
    return report::run_before{
        .file = file,
        .events = all.events(),
        .live = line.live(),
        .peak_bytes = all.peak_bytes(),
        .peak_event = all.peak_event(),
    };
}

/// A layout of a longer run takes too much memory and time for a picture.
constexpr std::uint64_t longest_laid_out = 20'000'000;     ///< events
constexpr std::uint64_t longest_with_a_region = 1'000'000; ///< events

/// What the page shows of a better layout, or why it has none.
nlohmann::ordered_json suggested(
    const trace::source& trace, heap_inputs inputs, const heap_options& shared, std::uint64_t events
) {
    const auto none = [](const std::string& why) {
        return nlohmann::ordered_json{{"problem", why}};
    };
    const bool has_region = inputs.heap && inputs.heap->overflow;
    if (events > (has_region ? longest_with_a_region : longest_laid_out))
        return none("the trace is long; `drone heap generate` finds a layout for it");
    auto run = usage::make_demand(trace, asked_alignment(shared));
    if (!run) return none(run.error().message);
    inputs.left_open = trace::left_open(trace.format());
    inputs.runs.push_back(*std::move(run));
    auto layout = suggest_layout(inputs);
    return layout ? *std::move(layout) : none(layout.error().message);
}

result<int> write_page(const heap_options& shared, const page_options& options) {
    const auto inputs = find_heap(shared);
    if (!inputs) return std::unexpected(inputs.error());
    std::vector<std::string> all_read = inputs->files;
    all_read.push_back(options.before);
    if (const auto apart = keep_apart(options.output, all_read); !apart)
        return std::unexpected(apart.error());
    const auto trace = open_trace(inputs->files.front(), shared);
    if (!trace) return std::unexpected(trace.error());
    const auto r = read_one(*trace, *inputs, options);
    if (!r) return std::unexpected(r.error());
    const usage::timeline_request asked = report::timeline_for(*r);
    usage::timeline line(asked);
    if (const auto read = trace->read(line); !read) return std::unexpected(read.error());
    line.finish();
    std::optional<report::run_before> before;
    if (!options.before.empty()) {
        auto read = read_before(options.before, shared);
        if (!read) return std::unexpected(read.error());
        before = *std::move(read);
    }
    const nlohmann::ordered_json layout = suggested(*trace, *inputs, shared, r->usage.events());
    const auto page = report::html({
        .report = *r,
        .asked = asked,
        .line = line,
        .title = title(*inputs, options),
        .suggested = &layout,
        .before = before ? &*before : nullptr,
    });
    if (!page) return std::unexpected(page.error());
    if (const auto written = base::replace_file(options.output, *page); !written)
        return std::unexpected(written.error());
    say("{} written, {} bytes; open it in a browser\n", options.output, page->size());
    return 0;
}

} // namespace

void add_report(command_syntax heap, const std::shared_ptr<heap_options>& shared, session& s) {
    auto options = std::make_shared<page_options>();
    command_syntax command =
        heap.add_subcommand("report", "What the program did with its heap, as a page to look at");
    command.take_shared_options({{"--json", "what it writes has one form"}});
    command.add_option("-o,--output", options->output, "The page, one file of HTML").required();
    command.add_option("--elf", options->elf, "The firmware, whose functions name the callers");
    command.add_option("OTHER_TRACE", options->before, "A trace whose curve is drawn behind");
    command.check([shared]() -> std::string {
        if (is_one_run(*shared)) return {};
        return "a page is about one run: name it with -f, and the run before it as OTHER_TRACE";
    });
    s.on(command, [shared, options] { return write_page(*shared, *options); });
}

} // namespace drone::cli

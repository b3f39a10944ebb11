// SPDX-License-Identifier: MIT
#include "cli/heap_inputs.hpp"

#include "base/counted.hpp"
#include "base/file_bytes.hpp"
#include "cli/progress.hpp"
#include "cli/say.hpp"
#include "trace/read.hpp"
#include "usage/demand_growth.hpp"
#include "usage/make_demand.hpp"

#include <drone/layout.hpp>
#include <drone/wire.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

namespace drone::cli {

namespace {

result<void> read_project(heap_inputs& inputs) {
    const auto file = config::find(".");
    if (!file) return {};
    const auto project = config::read(*file);
    if (!project) return std::unexpected(project.error());
    inputs.project = *file;
    inputs.core_clock = project->log.core_clock;
    inputs.heaps = project->heaps;
    if (const config::heap* const found = project->find_heap(inputs.key)) {
        inputs.heap = *found;
        inputs.size = found->size;
        return {};
    }
    if (inputs.key != config::main_heap) {
        auto missing = config::require_heap(*project, inputs.key);
        if (!missing) return std::unexpected(missing.error());
    }
    return {};
}

/// The default trace is that of the project, wherever in it the user is.
void find_beside_project(heap_inputs& inputs) {
    std::error_code ignored;
    if (!inputs.project || inputs.files != heap_options().files) return;
    if (std::filesystem::exists(inputs.files.front(), ignored)) return;
    const auto beside = inputs.project->parent_path() / inputs.files.front();
    if (std::filesystem::exists(beside, ignored)) inputs.files = {beside.string()};
}

/// What is assumed about a run.
std::string assumption(const usage::demand& run, std::string_view file, bool is_asked) {
    if (run.assumed_alignment == 0) return {};
    return fmt::format(
        "drone: note: {}: does not record alignments; assumed: {}, {}\n",
        file,
        base::counted(run.assumed_alignment, "byte"),
        is_asked ? "as --align says" : "unless --align says otherwise"
    );
}

/// A pool for a leak is a pool that will be too small.
void warn_of_leaks(const std::string& file, const usage::demand& run, const heap_inputs& inputs) {
    constexpr std::size_t told = 4;
    std::size_t leaks = 0;
    for (const usage::growth& g : usage::find_growth(run)) {
        if (!g.size) continue;
        const std::string size = fmt::format("{}", *g.size);
        if (inputs.heap && std::ranges::count(inputs.heap->permanent, size) != 0) continue;
        if (++leaks > told) break;
        say("drone: note: {}: the live count of {}-byte blocks of all callers keeps growing, from {} to {}: no "
            "pool is large enough for a leak; see `drone heap`, or list "
            "what is meant to stay in \"permanent\"\n",
            file,
            size,
            g.grew.first,
            g.grew.last);
    }
}

/// As Drone.toml writes it.
std::string section_name(std::string_view heap) {
    return heap == config::main_heap ? "[heap]" : fmt::format("[heap.{}]", heap);
}

/// Whether two files hold the same bytes. One that cannot be read is the same as none.
bool same_contents(const std::string& left, const std::string& right) {
    std::error_code problem;
    const auto size = std::filesystem::file_size(left, problem);
    if (problem || std::filesystem::file_size(right, problem) != size || problem) return false;
    const auto one = base::file_bytes::open(left);
    const auto other = base::file_bytes::open(right);
    return one && other && std::ranges::equal(one->bytes(), other->bytes());
}

/// A run counts once, however often it is named.
std::vector<std::string> each_once(const std::vector<std::string>& named) {
    std::vector<std::string> files;
    for (const std::string& file : named) {
        std::error_code ignored;
        const bool is_known = std::ranges::any_of(files, [&](const std::string& known) {
            return std::filesystem::equivalent(known, file, ignored);
        });
        if (is_known) {
            say("drone: note: {}: named twice, read once\n", file);
            continue;
        }
        const auto copy = std::ranges::find_if(files, [&](const std::string& known) {
            return same_contents(known, file);
        });
        if (copy != files.end())
            say("drone: note: {}: the file has the same bytes as {}; if it is a copy, leave it out: its blocks "
                "count twice\n",
                file,
                *copy);
        files.push_back(file);
    }
    return files;
}

result<void> read_runs(const heap_options& options, heap_inputs& inputs, const companion& beside) {
    std::vector<std::vector<std::uint32_t>> identities;
    const std::optional<std::uint32_t> assumed = asked_alignment(options);
    for (const std::string& file : inputs.files) {
        const auto source = open_trace(file, options);
        if (!source) return std::unexpected(source.error());
        auto read = usage::read_demand(*source, assumed, beside ? &beside() : nullptr);
        if (!read) return std::unexpected(read.error());
        for (const std::string& notice : read->findings.notices)
            say("drone: note: {}: {}\n", file, notice);
        identities.push_back(read->findings.identities);
        if (inputs.other_heap.empty()) inputs.other_heap = other_heap(*source, inputs);
        say_text(assumption(read->demand, file, assumed.has_value()));
        if (const std::uint64_t suspected = read->findings.suspected_failures; suspected != 0)
            say("drone: {}: {} of {} failed requests are suspected, which damaged words could also "
                "make; they are demand all the same\n",
                file,
                suspected,
                read->findings.failures);
        warn_of_leaks(file, read->demand, inputs);
        inputs.runs.push_back(std::move(read->demand));
        inputs.found.push_back(std::move(read->findings));
        if (inputs.left_open.empty()) inputs.left_open = trace::left_open(source->format());
    }
    warn_of_different_builds(inputs.files, identities);
    return {};
}

} // namespace

std::optional<std::uint32_t> asked_alignment(const heap_options& options) {
    if (options.alignment.empty()) return std::nullopt;
    return static_cast<std::uint32_t>(
        config::parse_size(options.alignment).value_or(default_alignment)
    );
}

result<trace::source> open_trace(const std::string& file, const heap_options& options) {
    auto source = trace::source::open(file);
    if (!source) return source;
    source->take_off(options.overhead);
    source->watch(progress_of(file));
    return source;
}

void warn_of_different_builds(
    std::span<const std::string> files, std::span<const std::vector<std::uint32_t>> identities
) {
    std::string list;
    std::set<std::uint32_t> builds;
    for (std::size_t i = 0; i < files.size(); ++i)
        for (const std::uint32_t build : identities[i]) {
            if (build == 0) continue;
            builds.insert(build);
            list += fmt::format("{}{} with {:06x}", list.empty() ? "" : ", ", files[i], build);
        }
    if (builds.size() > 1)
        say("drone: note: the traces are of {} builds ({}); their union is right only if they are one "
            "program\n",
            builds.size(),
            list);
}

std::string other_heap(const trace::source& trace, const heap_inputs& inputs) {
    const trace::traced_heap* const announced = trace.announced();
    const auto is_traced = [announced](const config::heap& h) {
        return h.size == announced->size &&
               std::ranges::equal(
                   h.pools,
                   announced->pools,
                   [](const pool_spec& a, const trace::traced_pool& b) {
                       return a.block == b.block_size && a.capacity == b.capacity;
                   }
               );
    };
    if (announced == nullptr || (inputs.heap && is_traced(*inputs.heap))) return {};
    const auto found = std::ranges::find_if(inputs.heaps, is_traced);
    if (found == inputs.heaps.end()) return {};
    return fmt::format(
        "{}: this is a trace of {}, not of {}; name one of {} with -f",
        trace.path().string(),
        section_name(found->name),
        section_name(inputs.key),
        section_name(inputs.key)
    );
}

bool is_one_run(const heap_options& options) {
    return std::set(options.files.begin(), options.files.end()).size() == 1;
}

result<void> keep_apart(const std::string& output, std::span<const std::string> inputs) {
    std::error_code ignored;
    for (const std::string& input : inputs)
        if (std::filesystem::is_regular_file(output, ignored) &&
            std::filesystem::equivalent(output, input, ignored))
            return fail(
                fmt::format("{}: is read, and -o would overwrite it; name another file", output)
            );
    return {};
}

result<std::uint32_t> parse_heap_size(std::string_view text) {
    const auto size = config::parse_size(text);
    if (!size) return std::unexpected(size.error());
    if (*size == 0 || *size > UINT32_MAX)
        return fail(fmt::format(
            "-s {}: a heap has 1 byte to 4 GiB - 1, not {} bytes; write its size, e.g. 10K",
            text,
            *size
        ));
    return static_cast<std::uint32_t>(*size);
}

result<heap_inputs> find_heap(const heap_options& options) {
    heap_inputs inputs;
    inputs.files = each_once(options.files);
    inputs.key = options.key.empty() ? config::main_heap : options.key;
    if (auto done = read_project(inputs); !done) return std::unexpected(done.error());
    find_beside_project(inputs);
    if (!options.size.empty()) {
        const auto size = parse_heap_size(options.size);
        if (!size) return std::unexpected(size.error());
        inputs.size = *size;
    }
    return inputs;
}

result<heap_inputs> read_heap_inputs(const heap_options& options, const companion& beside) {
    auto inputs = find_heap(options);
    if (!inputs) return inputs;
    if (auto done = read_runs(options, *inputs, beside); !done)
        return std::unexpected(done.error());
    return inputs;
}

std::string doubt_of_fall_over(const heap_inputs& inputs) {
    if (inputs.left_open.empty()) return {};
    return fmt::format(
        ". The trace does not record {}, so the program may differ where requests fall over or a region serves "
        "them: run it with this layout",
        inputs.left_open
    );
}

traced_failures::traced_failures(std::span<const usage::demand> runs) {
    for (std::size_t number = 0; number < runs.size(); ++number) {
        const usage::demand& run = runs[number];
        for (const usage::unserved_request& failed : run.failures) {
            const usage::request_class& request = run.classes[run.steps[failed.at].number()];
            const bool is_first = count++ == 0;
            if (!is_first && request.size <= largest.request.size) continue;
            largest = {number, usage::event_number(run, failed.at), request, failed.at_least};
            if (is_first) first = largest;
        }
    }
}

std::string describe(const traced_failures& failed, const heap_inputs& inputs) {
    constexpr std::uint32_t largest_told = 1U << wire::largest_alignment_log2; // by a native trace
    const auto asked = [](const traced_failures::place& p) {
        return fmt::format(
            "{}{}{}",
            p.at_least ? "at least " : "",
            base::counted(p.request.size, "byte"),
            p.request.alignment > default_alignment
                ? fmt::format(
                      " aligned to {}{}",
                      p.request.alignment,
                      p.request.alignment == largest_told ? " or more" : ""
                  )
                : ""
        );
    };
    std::string text = fmt::format(
        "{} failed in the traced run{}: event {}{} asked for {}",
        base::counted(failed.count, "request"),
        inputs.files.size() == 1 ? "" : "s",
        failed.first.event,
        inputs.files.size() == 1 ? "" : " of " + inputs.files[failed.first.run],
        asked(failed.first)
    );
    if (failed.count > 1) text += fmt::format(", the largest for {}", asked(failed.largest));
    return text;
}

layout::tried_heap tried(const config::heap& heap) {
    layout::tried_heap made{.pools = heap.pools, .alignment = heap.alignment, .region_bytes = 0};
    if (!heap.overflow) return made;
    made.region_bytes = heap.size;
    for (const pool_spec& pool : heap.pools)
        made.region_bytes -= pool.block * pool.capacity;
    return made;
}

} // namespace drone::cli

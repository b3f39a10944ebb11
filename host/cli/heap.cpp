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
#include <array>
#include <bit>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

namespace drone::cli {

namespace {

struct usage_options {
    std::string elf;
    std::vector<std::string> sections;
    bool full = false;
};

/// Columns of the terminal that standard output is; as many as one likes where it is none.
std::size_t terminal_width() {
    winsize size{};
    const bool is_terminal = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0;
    return is_terminal ? size.ws_col : SIZE_MAX;
}

/// The firmware that --elf names, else the only one in the project's build folder.
std::string firmware(const heap_inputs& inputs, const std::string& named) {
    if (!named.empty()) return named;
    if (!inputs.project) return {};
    std::string only;
    std::error_code missing;
    for (const auto& entry :
         std::filesystem::directory_iterator(inputs.project->parent_path() / "build", missing)) {
        if (entry.path().extension() != ".elf") continue;
        if (!only.empty()) return {};
        only = entry.path().string();
    }
    return only;
}

/// The addresses of native callers, each once.
std::set<std::uint32_t> native_callers(const report::heap_report& r) {
    std::set<std::uint32_t> all;
    for (const report::run& one : r.runs) {
        if (one.found.format != trace::format::native) continue;
        for (const auto& [address, share] : one.details.callers())
            if (address != 0) all.insert(address);
    }
    return all;
}

/// Whether the trace says that another build made it. `told` gets the sentence.
bool is_another_build(
    const report::heap_report& r, std::optional<std::uint32_t> elf, std::string& told
) {
    if (!elf) return false;
    for (const report::run& one : r.runs)
        for (const std::uint32_t traced : one.found.identities) {
            if (traced == 0 || traced == *elf) continue;
            told = fmt::format(
                "is build {:06x}, and {} was traced with build {:06x}", *elf, one.file, traced
            );
            return true;
        }
    return false;
}

/// Names every native caller that the firmware's code bears out, in `r`; says on standard error what
/// it does not.
void name_those_that_fit(
    const std::string& elf, const report::symbols& symbols, report::heap_report& r
) {
    std::map<std::uint32_t, std::vector<std::string>> names;
    const std::set<std::uint32_t> callers = native_callers(r);
    for (const std::uint32_t caller : callers)
        if (symbols.follows_call(caller)) names[caller] = symbols.functions(caller);
    const std::size_t strangers = callers.size() - names.size();
    // Some may have been damaged on their way; of another build, hardly any fits.
    if (strangers * 4 > callers.size()) {
        say("drone: note: {}: {} of {} callers are not after a call in it: it is another build "
            "than the traced one, so no caller is named; name the traced build with --elf\n",
            elf,
            strangers,
            callers.size());
        return;
    }
    if (strangers != 0)
        say("drone: note: {}: {} of {} callers are not after a call in it and have no name\n",
            elf,
            strangers,
            callers.size());
    // A trace carries 30 bits of an address; on a host that is not all of it.
    if (symbols.code_for() != report::machine::arm && symbols.code_for() != report::machine::riscv)
        for (auto& [caller, frames] : names)
            for (std::string& frame : frames)
                frame.insert(0, "perhaps ");
    for (const std::string& notice : symbols.notices())
        say("drone: note: {}: {}\n", elf, notice);
    r.functions_at = [names = std::move(names)](std::uint32_t at) {
        const auto known = names.find(at);
        return known == names.end() ? std::vector<std::string>{} : known->second;
    };
}

/// Lets native callers be named by the functions of the firmware, if there is one.
result<void> name_callers(
    const heap_inputs& inputs, const std::string& named, bool are_shown, report::heap_report& r
) {
    const std::string elf = firmware(inputs, named);
    if (native_callers(r).empty() && named.empty()) return {};
    if (elf.empty()) {
        if (are_shown)
            say("drone: note: callers are addresses: there is not one .elf in the build/ of a project here; "
                "name the firmware with --elf\n");
        return {};
    }
    const auto symbols = report::symbols::open(elf);
    if (!symbols) return std::unexpected(symbols.error());
    std::string other;
    if (!is_another_build(r, symbols->identity(), other)) {
        name_those_that_fit(elf, *symbols, r);
        return {};
    }
    other = fmt::format("{}: {}; name the traced build with --elf", elf, other);
    if (!named.empty()) return fail(other);
    say("drone: note: {}\n", other);
    return {};
}

/// Details take a second reading: the moment of the peak is known after the first one.
result<void> read_run(
    const std::string& file,
    const heap_options& shared,
    const heap_inputs& inputs,
    bool with_details,
    bool with_arena,
    report::heap_report& into
) {
    const auto source = open_trace(file, shared);
    if (!source) return std::unexpected(source.error());
    if (const std::string other = other_heap(*source, inputs); !other.empty())
        say("drone: note: {}\n", other);
    usage::statistics alone;
    auto found = source->read(alone);
    if (!found) return std::unexpected(found.error());
    for (const std::string& notice : found->notices)
        say("drone: note: {}: {}\n", file, notice);
    usage::analysis details(alone.peak_event());
    usage::growth_by_caller growth;
    const bool grows = alone.grows();
    if (with_details || grows || !into.permanent.empty())
        if (const auto again = source->read(details); !again) return std::unexpected(again.error());
    if (grows)
        if (const auto again = source->read(growth); !again) return std::unexpected(again.error());
    usage::arena arena;
    if (with_arena) {
        auto drawn = read_arena(*source);
        if (!drawn) return std::unexpected(drawn.error());
        arena = *std::move(drawn);
    }
    into.usage.unite(alone);
    const trace::traced_heap* const announced = source->announced();
    into.runs.push_back(
        {file,
         std::move(*found),
         std::move(details),
         growth.found(),
         std::move(arena),
         announced != nullptr ? std::optional(*announced) : std::nullopt}
    );
    return {};
}

result<int> print_usage(const heap_options& shared, const usage_options& options) {
    const auto found = find_heap(shared);
    if (!found) return std::unexpected(found.error());
    const heap_inputs& inputs = *found;
    report::heap_report r;
    r.full = options.full;
    if (!options.full) r.width = terminal_width();
    r.heap_size = inputs.size;
    r.core_clock = inputs.core_clock;
    if (inputs.heap) r.permanent = inputs.heap->permanent;
    const bool with_details = shared.json || !options.sections.empty();
    const bool with_arena = shared.json || std::ranges::count(options.sections, "arena") != 0;
    for (const std::string& file : inputs.files)
        if (const auto read = read_run(file, shared, inputs, with_details, with_arena, r); !read)
            return std::unexpected(read.error());
    std::vector<std::vector<std::uint32_t>> identities;
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
    show_text(report::usage_table(r.usage, r.heap_size));
    if (const std::string remarks = report::remarks(r); !remarks.empty()) show_text("\n" + remarks);
    for (const std::string& name : options.sections)
        show_text(report::section(r, name));
    return 0;
}

} // namespace

CLI::App& add_heap(CLI::App& parent, const std::shared_ptr<heap_options>& shared, session& s) {
    const auto options = std::make_shared<usage_options>();
    CLI::App& heap = *parent.add_subcommand("heap", "What the program did with its heap");
    heap.add_option(
            "-f,--file", shared->files, "A heap trace; several are several runs of one program"
    )
        ->capture_default_str();
    heap.add_option("-c,--config", shared->key, "The heap's key in Drone.toml")
        ->capture_default_str();
    heap.add_option("-s,--size", shared->size, "Size of the heap, e.g. 10K")
        ->check(refused_by(parse_heap_size));
    heap.add_option(
            "--align",
            shared->alignment,
            "The alignment of requests in a trace that does not record it (malloc: 8)"
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
            "--overhead",
            shared->overhead,
            "Bytes that each size in the trace has too much: its hook counts headers"
    )
        ->type_name("BYTES");
    CLI::Option* const by = heap.add_option(
        "--by",
        options->sections,
        "Another table: age, arena, caller, context, lifetime, peak or pool"
    );
    by->check(CLI::IsMember(report::section_names()));
    CLI::Option* const elf =
        heap.add_option("--elf", options->elf, "The firmware, whose functions name the callers");
    CLI::Option* const full = heap.add_flag(
        "--full", options->full, "Callers with library functions and template arguments"
    );
    // Subcommands take the options of `drone heap`; of these they make nothing.
    heap.callback([&heap, own = std::array{by, elf, full}] {
        if (heap.get_subcommands().empty()) return;
        for (const CLI::Option* const option : own)
            if (option->count() != 0)
                throw CLI::ArgumentMismatch(fmt::format(
                    "{} is an option of `drone heap` itself, not of `drone heap {}`",
                    option->get_name(),
                    heap.get_subcommands().front()->get_name()
                ));
    });
    heap.add_flag("--json", shared->json, "Everything, as JSON");
    s.on(heap, [shared, options] { return print_usage(*shared, *options); });
    return heap;
}

} // namespace drone::cli

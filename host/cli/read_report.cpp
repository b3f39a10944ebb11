// SPDX-License-Identifier: MIT
#include "cli/read_report.hpp"

#include "cli/say.hpp"
#include "frames/frame_table.hpp"
#include "report/symbols.hpp"
#include "trace/read.hpp"
#include "trace/tee.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace drone::cli {

namespace {

/// The addresses of native callers, each once: whether it is a frame of a stack.
std::map<std::uint32_t, bool> native_callers(const report::heap_report& r) {
    std::map<std::uint32_t, bool> all;
    for (const report::run& one : r.runs) {
        if (one.found.format != trace::format::native) continue;
        for (const auto& [caller, share] : one.details.callers()) {
            const bool is_stack = one.found.stack_of(caller) != nullptr;
            for (const std::uint32_t frame : one.found.frames_of(caller))
                all[frame] |= is_stack;
        }
    }
    return all;
}

bool has_stacks(const report::heap_report& r) {
    return std::ranges::any_of(r.runs, [](const report::run& one) {
        return !one.found.stacks.empty();
    });
}

/// Whether a program of this kind carries a frame table.
bool has_frame_table(report::machine code_for) {
    return code_for == report::machine::arm || code_for == report::machine::riscv;
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
    const std::map<std::uint32_t, bool> callers = native_callers(r);
    for (const auto& [caller, of_stack] : callers)
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
    // A caller has 30 bits of an address, which on a host is not all of it. A stack has the address in
    // the file.
    if (!has_frame_table(symbols.code_for())) {
        for (auto& [caller, frames] : names)
            for (std::string& frame : frames)
                if (!callers.at(caller)) frame.insert(0, "perhaps ");
    }
    for (const std::string& notice : symbols.notices())
        say("drone: note: {}: {}\n", elf, notice);
    r.functions_at = [names = std::move(names)](std::uint32_t at) {
        const auto known = names.find(at);
        return known == names.end() ? std::vector<std::string>{} : known->second;
    };
}

/// The modules of programs of an operating system, opened when a caller in them is to be named.
class module_book {
public:
    /// Callers are named in a file only where it is the traced one: by its build ID, and because calls
    /// are where the trace says that they are.
    [[nodiscard]] const std::vector<std::string>&
    functions(const trace::code_module& module, std::uint64_t offset) {
        const auto [named, is_new] = names_.try_emplace({module.path, offset});
        if (is_new)
            if (const auto& program = opened(module))
                named->second = program->functions_exactly_at(offset);
        return named->second;
    }

    void add(const trace::findings& found) {
        for (const trace::code_place& at : found.places)
            if (at.module < found.modules.size())
                traced_[found.modules[at.module].path].insert(at.offset);
    }
    [[nodiscard]] bool empty() const { return traced_.empty(); }

private:
    const std::optional<report::symbols>& opened(const trace::code_module& module) {
        const auto [known, is_new] = opened_.try_emplace(module.path);
        if (is_new) known->second = open(module);
        return known->second;
    }
    std::optional<report::symbols> open(const trace::code_module& module) {
        auto symbols = report::symbols::open(module.path);
        if (!symbols) return std::nullopt;
        const std::set<std::uint64_t>& places = traced_[module.path];
        const auto strangers = std::ranges::count_if(places, [&](std::uint64_t at) {
            return !symbols->follows_call_exactly_at(at);
        });
        const bool is_other = !module.build.empty() && symbols->build() != module.build;
        if (!is_other && static_cast<std::size_t>(strangers) * 10 <= places.size())
            return *std::move(symbols);
        say("drone: note: {}: is another build than the traced one; callers in it are addresses\n",
            module.path);
        return std::nullopt;
    }

    std::map<std::string, std::set<std::uint64_t>> traced_; ///< by path
    std::map<std::string, std::optional<report::symbols>> opened_;
    std::map<std::pair<std::string, std::uint64_t>, std::vector<std::string>> names_; ///< by place
};

/// Names callers of runs on an operating system from the files that their programs had loaded, as far
/// as these are there.
void name_places(report::heap_report& r) {
    auto book = std::make_shared<module_book>();
    for (const report::run& one : r.runs)
        book->add(one.found);
    if (book->empty()) return;
    r.functions_in = [book](const trace::code_module& module, std::uint64_t offset) {
        return book->functions(module, offset);
    };
}

} // namespace

std::string firmware(const heap_inputs& inputs, const std::string& named) {
    if (!named.empty()) return named;
    return inputs.project ? built_firmware(*inputs.project) : "";
}

std::string built_firmware(const std::filesystem::path& project) {
    std::string only;
    std::error_code missing;
    for (const auto& entry :
         std::filesystem::directory_iterator(project.parent_path() / "build", missing)) {
        if (entry.path().extension() != ".elf") continue;
        if (!only.empty()) return {};
        only = entry.path().string();
    }
    return only;
}

result<void> name_callers(
    const heap_inputs& inputs, const std::string& named, bool are_shown, report::heap_report& r
) {
    name_places(r);
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
    if (has_stacks(r) && has_frame_table(symbols->code_for())) {
        // With another program's table its walk went astray.
        const auto good = frames::check_frame_table(elf);
        if (!good && good.error().kind == error_kind::changed) return std::unexpected(good.error());
        if (!good) say("drone: note: {}\n", good.error().message);
    }
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

result<void> read_run(
    const trace::source& source,
    const heap_inputs& inputs,
    bool with_details,
    bool with_arena,
    report::heap_report& into
) {
    const std::string file = source.path().string();
    if (source.format() == trace::format::demand_summary)
        return fail(fmt::format(
            "{}: is a summary, which has no events; {} take it",
            file,
            inputs.heap && inputs.heap->overflow
                ? "`drone heap generate --overflow no` and `drone heap summarise`"
                : "`drone heap generate`, `replay` and `summarise`"
        ));
    if (const std::string other = other_heap(source, inputs); !other.empty())
        say("drone: note: {}\n", other);
    usage::statistics alone;
    usage::arena drawn;
    trace::tee alone_and_drawn(alone, drawn);
    auto found = source.read(with_arena ? static_cast<trace::sink&>(alone_and_drawn) : alone);
    if (!found) return std::unexpected(found.error());
    for (const std::string& notice : found->notices)
        say("drone: note: {}: {}\n", file, notice);
    usage::analysis details(alone.peak_event());
    usage::growth_by_caller growth;
    const bool grows = alone.grows();
    usage::arena arena(drawn);
    if (const bool is_detailed = with_details || grows || !into.permanent.empty();
        is_detailed || with_arena) {
        trace::tee details_and_arena(details, arena);
        trace::sink& one = is_detailed ? static_cast<trace::sink&>(details) : arena;
        trace::sink& all = is_detailed && with_arena ? details_and_arena : one;
        if (const auto again = source.read(all); !again) return std::unexpected(again.error());
    }
    if (grows)
        if (const auto again = source.read(growth); !again) return std::unexpected(again.error());
    into.usage.unite(alone);
    const trace::traced_heap* const announced = source.announced();
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

} // namespace drone::cli

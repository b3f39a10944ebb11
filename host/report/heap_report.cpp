// SPDX-License-Identifier: MIT

#include "report/heap_report.hpp"

#include "report/function_name.hpp"
#include "stream/describe.hpp"

#include <drone/wire.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace drone::report {

std::string context_name(std::uint16_t context) {
    if (context == trace::no_context) return "not known";
    if (context >= wire::first_thread)
        return fmt::format("thread {}", context - wire::first_thread);
    return stream::exception_name(context);
}

std::string context_name(const run& in, std::uint16_t context) {
    const auto said = in.found.context_names.find(context);
    return said == in.found.context_names.end() ? context_name(context) : said->second;
}

std::string
time_text(trace::clock unit, std::uint64_t time, std::optional<std::uint32_t> core_clock) {
    const auto seconds = static_cast<double>(time);
    switch (unit) {
    case trace::clock::target_ticks:
        if (!core_clock) return fmt::format("{} ticks of the target's clock", time);
        return fmt::format("{:.6f} s by the target's clock", seconds / *core_clock);
    case trace::clock::microseconds:
        return fmt::format("{:.6f} s by the host's clock", seconds / 1e6);
    default:
        return "";
    }
}

std::vector<std::string> heap_report::names_at(const run& in, std::uint32_t frame) const {
    const trace::findings& found = in.found;
    if (found.format == trace::format::native) return functions_at(frame);
    if (frame < found.places.size() && found.places[frame].module < found.modules.size()) {
        const trace::code_place& at = found.places[frame];
        auto functions = functions_in(found.modules[at.module], at.offset);
        if (!functions.empty()) return functions;
    }
    return frame < found.callers.size() ? found.callers[frame] : std::vector<std::string>{};
}

std::vector<std::string> heap_report::names(const run& in, std::uint32_t caller) const {
    if (caller == 0) return {};
    if (!trace::is_stack(caller)) return names_at(in, caller);
    std::vector<std::string> all;
    bool any = false;
    for (const std::uint32_t frame : in.found.frames_of(caller)) {
        const std::vector<std::string> functions = names_at(in, frame);
        any = any || !functions.empty();
        if (functions.empty()) all.push_back(fmt::format("{:#010x}", frame));
        std::ranges::copy(functions, std::back_inserter(all));
    }
    return any ? all : std::vector<std::string>{};
}

std::string caller_text(const heap_report& r, const run& one, std::uint32_t caller) {
    const std::vector<std::uint32_t> frames = one.found.frames_of(caller);
    if (caller == 0 || frames.empty()) return "not known";
    const std::vector<std::string> names = r.names(one, caller);
    if (!names.empty()) return r.full ? fmt::format("{}", fmt::join(names, " < ")) : folded(names);
    return fmt::format("{:#010x}", fmt::join(frames, " < "));
}

bool is_certain(const run& one, const usage::growth& g) {
    constexpr std::uint64_t long_trace = 1000;
    return g.grew.steady && one.found.gaps == 0 && one.found.damaged == 0 &&
           one.found.events >= long_trace;
}

bool is_named(
    const std::string& entry, std::uint32_t size, const std::vector<std::string>& functions
) {
    // A frame's template arguments are nobody's to write.
    return entry == fmt::to_string(size) ||
           std::ranges::any_of(functions, [&](const std::string& frame) {
               return is_named_like(frame, entry);
           });
}

bool is_permanent(
    const heap_report& r, std::uint32_t size, const std::vector<std::string>& functions
) {
    return std::ranges::any_of(r.permanent, [&](const std::string& entry) {
        return is_named(entry, size, functions);
    });
}

} // namespace drone::report

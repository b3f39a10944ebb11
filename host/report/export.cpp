// SPDX-License-Identifier: MIT
#include "report/export.hpp"

#include "base/errno.hpp"
#include "report/export_events.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>
#include <utility>

namespace drone::report {

namespace {

struct writer {
    std::string_view name;
    result<void> (*write)(const exported_run&, std::FILE*);
};

constexpr std::array writers{
    writer{"pprof", write_pprof},
    writer{"speedscope", write_speedscope},
    writer{"heapprofile", write_heapprofile},
    writer{"callgrind", write_callgrind},
    writer{"massif", write_massif},
    writer{"heaptrack", write_heaptrack},
    writer{"firefox", write_firefox},
    writer{"perfetto", write_perfetto},
    writer{"csv", write_csv},
    writer{"jsonl", write_jsonl},
    writer{"log", write_log},
};

/// `name at file:line`, or a name.
frame parse_frame(const std::string& text) {
    const std::size_t place = text.rfind(" at ");
    if (place == std::string::npos) return {text, {}, 0};
    frame f{text.substr(0, place), text.substr(place + 4), 0};
    const std::size_t colon = f.file.rfind(':');
    if (colon == std::string::npos) return f;
    const std::string_view digits = std::string_view(f.file).substr(colon + 1);
    const char* const end = std::to_address(digits.end());
    const auto [stopped, problem] = std::from_chars(std::to_address(digits.begin()), end, f.line);
    if (problem == std::errc{} && stopped == end) f.file.resize(colon);
    return f;
}

/// The number of a name that is an address, as an allocation log has it.
std::uint64_t parse_address(std::string_view text) {
    std::uint64_t value = 0;
    if (!text.starts_with("0x")) return 0;
    text.remove_prefix(2);
    const char* const end = std::to_address(text.end());
    const auto [stopped, problem] = std::from_chars(std::to_address(text.begin()), end, value, 16);
    return problem == std::errc{} && stopped == end ? value : 0;
}

} // namespace

std::string exported_run::title() const { return anonymised_ ? "heap" : details().file; }

const std::vector<frame>& exported_run::stack(std::uint32_t caller) const {
    const auto [entry, is_new] = stacks_.try_emplace(caller);
    if (!is_new) return entry->second;
    for (const std::string& text : report_.names(details(), caller))
        entry->second.push_back(parse_frame(text));
    if (entry->second.empty())
        entry->second.push_back({caller == 0 ? "not known" : fmt::format("{:#010x}", caller), {}, 0}
        );
    if (anonymised_ && caller != 0)
        for (frame& f : entry->second)
            f = anonymous(f);
    return entry->second;
}

frame exported_run::anonymous(const frame& f) const {
    const auto [known, is_new] =
        functions_.try_emplace(frame{f.function, f.file, 0}, functions_.size() + 1);
    return {fmt::format("f{}", known->second), {}, 0};
}

std::uint64_t exported_run::address(std::uint32_t caller) const {
    if (caller == 0) return 0;
    if (!anonymised_) {
        if (details().found.format == trace::format::native && !trace::is_stack(caller))
            return caller;
        const auto names = report_.names(details(), caller);
        if (names.size() == 1)
            if (const std::uint64_t known = parse_address(names.front()); known != 0) return known;
    }
    return addresses_.try_emplace(caller, addresses_.size() + 1).first->second;
}

double exported_run::micros_per_unit() const {
    switch (details().details.unit()) {
    case trace::clock::microseconds:
        return 1;
    case trace::clock::target_ticks:
        return report_.core_clock ? 1e6 / *report_.core_clock : 0;
    default:
        return 0;
    }
}

std::vector<std::string> export_formats() {
    std::vector<std::string> names(std::size(writers));
    std::ranges::transform(writers, names.begin(), &writer::name);
    return names;
}

bool is_binary(std::string_view format) { return format == "pprof"; }

result<void> write_export(
    const exported_run& of, std::string_view format, std::FILE* to, std::string_view name
) {
    const auto found = std::ranges::find(writers, format, &writer::name);
    try {
        if (auto written = found->write(of, to); !written) return written;
    } catch (const std::system_error& problem) { // of fmt::print
        return base::fail_with_errno(name, problem.code().value());
    }
    errno = 0;
    if (std::fflush(to) == 0 && std::ferror(to) == 0) return {};
    return base::fail_with_errno(name, errno != 0 ? errno : EIO);
}

std::string json_text(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace drone::report

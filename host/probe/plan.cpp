// SPDX-License-Identifier: MIT
#include "probe/plan.hpp"

#include "config/boards.hpp"
#include "probe/tools.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

namespace drone::probe {

namespace {

constexpr std::string_view kinds = "openocd, gdb, jlink, bmp, pyocd or probe-rs";

std::unexpected<error> no_tool(const setup& s) {
    return fail(
        fmt::format("\"{}\" is not a probe with a tool of its own; write {}", s.probe.kind, kinds)
    );
}

/// What every tool but gdb and Black Magic must be told.
result<void> check(const setup& s) {
    const bool needs_chip = s.probe.kind != "gdb" && s.probe.kind != "bmp";
    if (needs_chip && s.probe.chip.empty())
        return fail(fmt::format(
            "[probe] has no \"chip\"; add chip = \"{}\", as {} calls it",
            s.probe.kind == "openocd" ? "stm32f4x" : "STM32F407VG",
            s.probe.kind
        ));
    if (s.probe.kind == "gdb" && s.probe.server.empty())
        return fail("[probe] has no \"server\"; add server = \"localhost:1234\"");
    return {};
}

result<const tool*> tool_of(const setup& s) {
    const tool* const found = find_tool(s.probe.kind);
    if (found == nullptr) return no_tool(s);
    if (auto known = check(s); !known) return std::unexpected(known.error());
    return found;
}

} // namespace

result<task> plan_flash(const setup& s, const std::string& firmware, const workplace& at) {
    const auto t = tool_of(s);
    if (!t) return std::unexpected(t.error());
    return (*t)->flash(s, firmware, at);
}

result<task> plan_reset(const setup& s, const workplace& at) {
    const auto t = tool_of(s);
    if (!t) return std::unexpected(t.error());
    return (*t)->reset(s, at);
}

result<log_service> plan_log(const setup& s, bool reset, const workplace& at) {
    const auto t = tool_of(s);
    if (!t) return std::unexpected(t.error());
    return (*t)->log(s, reset, at);
}

result<debug_session> plan_debug(const setup& s, const std::string& firmware, const workplace& at) {
    const auto t = tool_of(s);
    if (!t) return std::unexpected(t.error());
    return (*t)->debug(s, firmware, at);
}

result<config::probe> parse_via(const std::string& text) {
    const std::size_t colon = text.find(':');
    config::probe p;
    p.kind = text.substr(0, colon);
    if (colon == std::string::npos || colon + 1 == text.size() || find_tool(p.kind) == nullptr)
        return fail(fmt::format(
            "\"{}\" is not TOOL:CHIP; write for example openocd:stm32f4x, with {} as the tool",
            text,
            kinds
        ));
    const std::string rest = text.substr(colon + 1);
    if (p.kind == "gdb" || p.kind == "bmp") {
        p.server = rest;
        return p;
    }
    p.chip = rest;
    if (const std::size_t plus = rest.find('+'); p.kind == "openocd" && plus != std::string::npos) {
        p.interface = rest.substr(0, plus);
        p.chip = rest.substr(plus + 1);
    }
    if (const config::board* const known = config::find_board(p.chip))
        p.trace_writes = known->trace_writes;
    p.chip = config::chip_name(p.kind, p.chip);
    return p;
}

result<void> parse_rate(const std::string& text, config::log& into) {
    const std::size_t at = text.find('@');
    const auto baud = config::parse_frequency(text.substr(0, at));
    const auto clock =
        at == std::string::npos ? baud : config::parse_frequency(text.substr(at + 1));
    if (at == std::string::npos || !baud || !clock)
        return fail(fmt::format("\"{}\" is not BAUD@CLOCK; write for example 2000000@168MHz", text)
        );
    into.baud = *baud;
    into.trace_clock = *clock;
    return {};
}

result<void> parse_swo(const std::string& text, config::log& into) {
    into.carrier = config::log_carrier::swo;
    return parse_rate(text, into);
}

} // namespace drone::probe

// SPDX-License-Identifier: MIT
#include "base/file.hpp"
#include "config/boards.hpp"
#include "config/chip_reader.hpp"
#include "config/config.hpp"
#include "config/heaps.hpp"
#include "config/nearest.hpp"
#include "config/table.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace drone::config {

namespace {

constexpr std::uint8_t tpiu_id_limit = 111; // 0x70 to 0x7F are reserved: CoreSight, D4.2

/// The board that [probe] names, or null.
result<const board*> named_board(const table& section) {
    const auto name = section.text("board");
    if (!name) return std::unexpected(name.error());
    const std::optional<std::string>& there = *name;
    if (!there) return nullptr;
    if (const board* const found = find_board(*there)) return found;
    return section.error_at(
        "board",
        fmt::format("unknown board \"{}\"; `drone print supported-boards` lists them", *there)
    );
}

/// The probe's kind, which must reach the board.
result<std::string> read_kind(const table& section, const board* on) {
    const auto written = section.text("kind");
    if (!written) return std::unexpected(written.error());
    std::string kind = written->value_or(on == nullptr ? std::string(probe_kinds[0]) : on->probe);
    if (std::ranges::find(probe_kinds, kind) == std::end(probe_kinds))
        return section.error_at(
            "kind",
            fmt::format(
                "unknown probe \"{}\"; the known ones are {}", kind, fmt::join(probe_kinds, ", ")
            )
        );
    if (kind != "virtual") return kind;
    if (on == nullptr)
        return section.error_here("[probe] has no \"board\"; add board = \"virtual-m4\"");
    if (on->probe != "virtual")
        return section.error_at(
            "kind", fmt::format("{} is not emulated; write kind = \"openocd\" or another", on->name)
        );
    return kind;
}

/// `described` is [chip]: what the project knows better than the tool.
result<probe> read_probe(const table& section, const std::optional<table>& described) {
    if (const auto known = section.only(
            {"kind",
             "board",
             "core",
             "chip",
             "interface",
             "transport",
             "serial",
             "server",
             "commands"}
        );
        !known)
        return std::unexpected(known.error());
    const auto on = named_board(section);
    if (!on) return std::unexpected(on.error());
    auto kind = read_kind(section, *on);
    if (!kind) return std::unexpected(kind.error());
    probe p;
    p.kind = std::move(*kind);
    chip c = *on == nullptr ? chip{} : static_cast<const chip&>(**on);
    if (described)
        if (const auto done = read_chip(*described, c); !done) return std::unexpected(done.error());
    if (*on != nullptr) {
        p.board = (*on)->name;
        p.interface = (*on)->interface;
    }
    p.core = c.core;
    p.chip = chip_name(p.kind, c);
    p.trace_writes = c.trace_writes;
    if (!c.core.empty()) p.fpu = c.fpu;
    for (const auto& [key, to] :
         {std::pair{"core", &p.core},
          std::pair{"chip", &p.chip},
          std::pair{"interface", &p.interface},
          std::pair{"transport", &p.transport},
          std::pair{"serial", &p.serial},
          std::pair{"server", &p.server}}) {
        const auto value = section.text(key);
        if (!value) return std::unexpected(value.error());
        *to = value->value_or(*to);
    }
    p.chip = chip_name(p.kind, p.chip);
    auto commands = section.words("commands");
    if (!commands) return std::unexpected(commands.error());
    p.commands = *std::move(commands);
    return p;
}

result<std::optional<std::uint32_t>> read_frequency(const table& section, std::string_view key) {
    const auto words = section.words(key);
    if (!words) return std::unexpected(words.error());
    if (words->empty()) return std::nullopt;
    const auto hertz = parse_frequency(words->front());
    if (words->size() == 1 && hertz) return *hertz;
    return section.error_at(
        key, fmt::format("\"{}\": {}", key, hertz ? "write one frequency" : hertz.error().message)
    );
}

result<void> read_carrier(const table& section, log& l) {
    const auto carrier = section.text("carrier");
    if (!carrier) return std::unexpected(carrier.error());
    const std::string name = carrier->value_or("swo");
    if (name != "swo" && name != "rtt")
        return section.error_at(
            "carrier", fmt::format("unknown carrier \"{}\"; write swo or rtt", name)
        );
    if (name == "rtt") l.carrier = log_carrier::rtt;
    const auto channel = section.number("rtt_channel");
    if (!channel) return std::unexpected(channel.error());
    l.rtt_channel = channel->value_or(0);
    const auto clock = read_frequency(section, "trace_clock");
    if (!clock) return std::unexpected(clock.error());
    l.trace_clock = *clock;
    return {};
}

result<log> read_log(const table& section) {
    if (const auto known = section.only(
            {"format", "baud", "timestamps", "core_clock", "carrier", "rtt_channel", "trace_clock"}
        );
        !known)
        return std::unexpected(known.error());
    log l;
    const auto format = section.text("format");
    if (!format) return std::unexpected(format.error());
    if (const std::optional<std::string>& written = *format) {
        const auto parsed = parse_format(*written);
        if (!parsed)
            return section.error_at(
                "format", fmt::format("\"format\": {}", parsed.error().message)
            );
        l = *parsed;
    }
    const auto baud = section.number("baud");
    if (!baud) return std::unexpected(baud.error());
    l.baud = baud->value_or(l.baud);
    if (l.baud == 0) return section.error_at("baud", "\"baud\" is 0; write bits per second");
    const auto timestamps = section.truth("timestamps");
    if (!timestamps) return std::unexpected(timestamps.error());
    l.timestamps = timestamps->value_or(l.timestamps);
    const auto clock = read_frequency(section, "core_clock");
    if (!clock) return std::unexpected(clock.error());
    l.core_clock = *clock;
    if (auto done = read_carrier(section, l); !done) return std::unexpected(done.error());
    return l;
}

result<project> read_tables(const table& top, const std::filesystem::path& name) {
    if (const auto known = top.only({"heap", "memory", "chip", "probe", "log"}); !known)
        return std::unexpected(known.error());
    project p;
    p.file = name;
    const auto read_section =
        [&top](std::string_view key, auto reader, auto& into) -> result<void> {
        const auto section = top.child(key);
        if (!section) return std::unexpected(section.error());
        const std::optional<table>& there = *section;
        if (!there) return {};
        auto value = reader(*there);
        if (!value) return std::unexpected(value.error());
        into = std::move(*value);
        return {};
    };
    const auto heaps = [&p](const table& section) { return read_heaps(section, p.memory); };
    // [memory] before [heap]: heaps are checked against it.
    if (auto done = read_section("memory", read_memory, p.memory); !done)
        return std::unexpected(done.error());
    if (auto done = read_section("heap", heaps, p.heaps); !done)
        return std::unexpected(done.error());
    const auto described = top.child("chip");
    if (!described) return std::unexpected(described.error());
    const auto probes = [&](const table& section) { return read_probe(section, *described); };
    if (auto done = read_section("probe", probes, p.probe); !done)
        return std::unexpected(done.error());
    if (auto done = read_section("log", read_log, p.log); !done)
        return std::unexpected(done.error());
    return p;
}

std::unexpected<error> missing(const project& p, std::string_view what, std::string_view example) {
    return fail(fmt::format("{}: no {}; add {}", p.file.string(), what, example));
}

} // namespace

const heap* project::find_heap(std::string_view name) const noexcept {
    const auto found = std::ranges::find(heaps, name, &config::heap::name);
    return found == heaps.end() ? nullptr : &*found;
}

result<project> parse(std::string_view text, const std::filesystem::path& name) {
    const toml::parse_result parsed = toml::parse(text, name.string());
    if (!parsed) {
        const toml::parse_error& problem = parsed.error();
        return fail(fmt::format(
            "{}:{}:{}: {}",
            name.string(),
            problem.source().begin.line,
            problem.source().begin.column,
            problem.description()
        ));
    }
    return read_tables(table(parsed.table(), name.string(), "the file"), name);
}

result<project> read(const std::filesystem::path& file) {
    const auto text = base::read_file(file);
    if (!text) return std::unexpected(text.error());
    return parse(*text, file);
}

std::optional<std::filesystem::path> find(const std::filesystem::path& folder) {
    std::error_code ignored;
    std::filesystem::path file = folder == "." ? file_name : folder / file_name;
    if (std::filesystem::is_regular_file(file, ignored)) return file;
    std::filesystem::path above = std::filesystem::absolute(folder, ignored).lexically_normal();
    while (above.has_relative_path()) {
        above = above.parent_path();
        file = above / file_name;
        if (std::filesystem::is_regular_file(file, ignored)) return file;
    }
    return std::nullopt;
}

result<project> read_nearest(const std::filesystem::path& folder) {
    const auto file = find(folder);
    if (!file)
        return fail(
            "no Drone.toml in this folder or above; change to a project's folder, or make a "
            "project with `drone new`"
        );
    return read(*file);
}

result<heap> require_heap(const project& p, std::string_view name) {
    if (const heap* const found = p.find_heap(name)) {
        if (found->unusable) return std::unexpected(*found->unusable);
        return *found;
    }
    const std::string section =
        name == main_heap ? std::string("[heap]") : fmt::format("[heap.{}]", name);
    return missing(p, section, "size = \"10K\" and pools, as `drone heap generate` prints them");
}

result<memory> require_memory(const project& p) {
    if (p.memory) return *p.memory;
    return missing(p, "[memory]", "flash and ram = { origin = \"0x20000000\", size = \"128K\" }");
}

result<probe> require_probe(const project& p) {
    if (p.probe) return *p.probe;
    return missing(p, "[probe]", "board = \"virtual-m4\"");
}

result<std::string> require_core(const project& p) {
    const auto probe = require_probe(p);
    if (!probe) return std::unexpected(probe.error());
    if (!probe->core.empty()) return probe->core;
    return missing(p, "\"core\" under [probe]", "core = \"cortex-m4\"");
}

result<log> parse_format(std::string_view text) {
    log l;
    if (text == "swo") return l;
    if (text == "dso") {
        l.format = log_format::dso;
        return l;
    }
    if (text.starts_with("tpiu:")) {
        const std::string_view id = text.substr(5);
        unsigned value = 0;
        const auto [stopped, problem] = std::from_chars(id.data(), id.data() + id.size(), value);
        if (problem == std::errc{} && stopped == id.data() + id.size() && value >= 1 &&
            value <= tpiu_id_limit) {
            l.format = log_format::tpiu;
            l.tpiu_id = static_cast<std::uint8_t>(value);
            return l;
        }
    }
    return fail(fmt::format(
        "\"{}\" is not a log format; write swo, dso or tpiu:ID with an ID from 1 to {}",
        text,
        tpiu_id_limit
    ));
}

} // namespace drone::config

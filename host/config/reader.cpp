// SPDX-License-Identifier: MIT
#include "base/file.hpp"
#include "config/boards.hpp"
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

result<region> read_region(const table& section, std::string_view key, std::string_view example) {
    const auto place = section.required_child(key, example);
    if (!place) return std::unexpected(place.error());
    if (const auto known = place->only({"origin", "size"}); !known)
        return std::unexpected(known.error());
    const auto origin = place->required_number("origin", "\"0x20000000\"");
    if (!origin) return std::unexpected(origin.error());
    const auto size = place->required_number("size", "\"128K\"");
    if (!size) return std::unexpected(size.error());
    if (*size == 0)
        return place->error_at(
            "size", fmt::format("{} has a size of 0; write the size of the memory", place->label())
        );
    if (std::uint64_t{*origin} + *size > std::uint64_t{1} << 32)
        return place->error_at(
            "size",
            fmt::format(
                "{} reaches beyond the last address, 0xffffffff; lower its size", place->label()
            )
        );
    return region{.origin = *origin, .size = *size};
}

result<memory> read_memory(const table& section) {
    if (const auto known = section.only({"flash", "ram"}); !known)
        return std::unexpected(known.error());
    const auto flash = read_region(section, "flash", "{ origin = \"0x08000000\", size = \"1M\" }");
    if (!flash) return std::unexpected(flash.error());
    const auto ram = read_region(section, "ram", "{ origin = \"0x20000000\", size = \"128K\" }");
    if (!ram) return std::unexpected(ram.error());
    if (std::max(flash->origin, ram->origin) <
        std::min(
            std::uint64_t{flash->origin} + flash->size, std::uint64_t{ram->origin} + ram->size
        ))
        return section.error_at("ram", "[memory] ram overlaps flash; their regions must be apart");
    return memory{.flash = *flash, .ram = *ram};
}

result<probe> read_probe(const table& section) {
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
    const auto kind = section.text("kind");
    if (!kind) return std::unexpected(kind.error());
    const auto name = section.text("board");
    if (!name) return std::unexpected(name.error());
    probe p;
    p.kind = kind->value_or(std::string(probe_kinds[0]));
    if (std::ranges::find(probe_kinds, p.kind) == std::end(probe_kinds))
        return section.error_at(
            "kind",
            fmt::format(
                "unknown probe \"{}\"; the known ones are {}", p.kind, fmt::join(probe_kinds, ", ")
            )
        );
    const std::optional<std::string>& named = *name;
    if (!named && p.kind == "virtual")
        return section.error_here("[probe] has no \"board\"; add board = \"virtual-m4\"");
    if (named && find_board(*named) == nullptr)
        return section.error_at(
            "board",
            fmt::format("unknown board \"{}\"; `drone print supported-boards` lists them", *named)
        );
    if (named) {
        p.board = *named;
        p.core = find_board(p.board)->core;
    }
    for (const auto& [key, to] :
         {std::pair{"core", &p.core},
          std::pair{"chip", &p.chip},
          std::pair{"interface", &p.interface},
          std::pair{"transport", &p.transport},
          std::pair{"serial", &p.serial},
          std::pair{"server", &p.server}}) {
        auto value = section.text(key);
        if (!value) return std::unexpected(value.error());
        if (*value) *to = **std::move(value);
    }
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
    if (*carrier && **carrier != "swo" && **carrier != "rtt")
        return section.error_at(
            "carrier", fmt::format("unknown carrier \"{}\"; write swo or rtt", **carrier)
        );
    if (*carrier && **carrier == "rtt") l.carrier = log_carrier::rtt;
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
    if (const auto known = top.only({"heap", "memory", "probe", "log"}); !known)
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
    if (auto done = read_section("probe", read_probe, p.probe); !done)
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

// SPDX-License-Identifier: MIT
#include "config/chip_reader.hpp"

#include "config/config.hpp"
#include "config/nearest.hpp"

#include <algorithm>
#include <array>

namespace drone::config {

namespace {

constexpr std::string_view example_of_ram = "\"128K at 0x20000000\"";

/// A region that is not empty and ends within 32 bits, or what is wrong with it.
result<region>
checked(const table& section, std::string_view key, std::string_view label, region place) {
    if (place.size == 0)
        return section.error_at(
            key, fmt::format("{} has a size of 0; write the size of the memory", label)
        );
    if (std::uint64_t{place.origin} + place.size > std::uint64_t{1} << 32)
        return section.error_at(
            key,
            fmt::format("{} reaches beyond the last address, 0xffffffff; lower its size", label)
        );
    return place;
}

/// "128K at 0x20000000".
result<region> parse_region(const table& section, std::string_view key, std::string_view text) {
    constexpr std::string_view between = " at ";
    const std::size_t middle = text.find(between);
    const std::string label = fmt::format("\"{}\"", key);
    if (middle == std::string_view::npos)
        return section.error_at(
            key, fmt::format("{} is \"{}\"; write {}", label, text, example_of_ram)
        );
    region place;
    for (const auto& [words, number] :
         {std::pair{text.substr(0, middle), &place.size},
          std::pair{text.substr(middle + between.size()), &place.origin}}) {
        const auto value = parse_size(words);
        if (!value)
            return section.error_at(key, fmt::format("{}: {}", label, value.error().message));
        if (*value > 0xFFFF'FFFF)
            return section.error_at(key, fmt::format("{}: \"{}\" is beyond 32 bits", label, words));
        *number = static_cast<std::uint32_t>(*value);
    }
    return checked(section, key, label, place);
}

result<region> read_region(const table& section, std::string_view key, std::string_view example) {
    if (const auto text = section.text(key))
        if (const std::optional<std::string>& written = *text)
            return parse_region(section, key, *written);
    const auto place = section.required_child(key, example);
    if (!place) return std::unexpected(place.error());
    if (const auto known = place->only({"origin", "size"}); !known)
        return std::unexpected(known.error());
    const auto origin = place->required_number("origin", "\"0x20000000\"");
    if (!origin) return std::unexpected(origin.error());
    const auto size = place->required_number("size", "\"128K\"");
    if (!size) return std::unexpected(size.error());
    return checked(*place, "size", place->label(), {.origin = *origin, .size = *size});
}

bool overlap(const region& a, const region& b) {
    return std::max(a.origin, b.origin) <
           std::min(std::uint64_t{a.origin} + a.size, std::uint64_t{b.origin} + b.size);
}

/// The name becomes that of a section and, in capitals, of a region in the linker script.
bool is_memory_name(std::string_view name) {
    constexpr std::array taken = {"data", "bss", "text", "noinit", "vectors"};
    return !name.empty() && name.front() >= 'a' && name.front() <= 'z' &&
           std::ranges::all_of(
               name,
               [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }
           ) &&
           std::ranges::find(taken, name) == taken.end();
}

/// How many arch/cortex_m/startup.cpp clears.
constexpr std::size_t most_memories = 4;

result<void> add_memory(const table& section, const std::string& name, memory& into) {
    if (into.more.size() == most_memories)
        return section.error_at(
            name,
            fmt::format(
                "[memory] has more than {} memories beside ram; leave one out", most_memories
            )
        );
    if (!is_memory_name(name))
        return section.error_at(
            name,
            fmt::format(
                "\"{}\" is not a name for a memory; use small letters, digits and underscores, and "
                "no section's name",
                name
            )
        );
    const auto place = read_region(section, name, example_of_ram);
    if (!place) return std::unexpected(place.error());
    const auto apart = [&](std::string_view other, const region& from) -> result<void> {
        if (!overlap(*place, from)) return {};
        return section.error_at(
            name, fmt::format("[memory] {} overlaps {}; their regions must be apart", name, other)
        );
    };
    if (auto fine = apart("flash", into.flash); !fine) return fine;
    if (auto fine = apart("ram", into.ram); !fine) return fine;
    for (const auto& [other, from] : into.more)
        if (auto fine = apart(other, from); !fine) return fine;
    into.more.emplace_back(name, *place);
    return {};
}

result<void> read_frequency(const table& section, std::string_view key, std::uint32_t& into) {
    const auto words = section.words(key);
    if (!words) return std::unexpected(words.error());
    if (words->empty()) return {};
    const auto hertz = parse_frequency(words->front());
    if (words->size() != 1 || !hertz)
        return section.error_at(
            key,
            fmt::format("\"{}\": {}", key, hertz ? "write one frequency" : hertz.error().message)
        );
    into = *hertz;
    return {};
}

result<void> read_fpu(const table& section, chip& into, bool core_is_new) {
    const auto text = section.text("fpu");
    if (!text) return std::unexpected(text.error());
    const std::optional<std::string>& written = *text;
    if (!written) {
        if (core_is_new) into.fpu = usual_fpu(into.core);
        return {};
    }
    if (*written == "none")
        into.fpu = fpu::none;
    else if (*written == "single")
        into.fpu = fpu::single_precision;
    else if (*written == "double")
        into.fpu = fpu::double_precision;
    else
        return section.error_at(
            "fpu", fmt::format("\"fpu\" is \"{}\"; write none, single or double", *written)
        );
    return {};
}

result<void> read_trace_writes(const table& section, chip& into) {
    const auto list = section.array("trace_writes");
    if (!list) return std::unexpected(list.error());
    if (*list == nullptr) return {};
    into.trace_writes.clear();
    for (const toml::node& node : **list) {
        const auto entry = section.element(
            node, fmt::format("write {} of {}", into.trace_writes.size() + 1, section.label())
        );
        if (!entry) return std::unexpected(entry.error());
        if (const auto known = entry->only({"address", "set", "clear"}); !known)
            return std::unexpected(known.error());
        const auto address = entry->required_number("address", "0xE0042004");
        if (!address) return std::unexpected(address.error());
        const auto set = entry->number("set");
        if (!set) return std::unexpected(set.error());
        const auto clear = entry->number("clear");
        if (!clear) return std::unexpected(clear.error());
        into.trace_writes.push_back(
            {.address = *address, .set = set->value_or(0), .clear = clear->value_or(0)}
        );
    }
    return {};
}

constexpr std::array<std::string_view, 15> chip_keys = {
    "core",
    "fpu",
    "interrupts",
    "clock",
    "trace_clock",
    "baud",
    "carrier",
    "trace_pin",
    "trace_writes",
    "openocd",
    "jlink",
    "pyocd",
    "probe_rs",
    "not_made",
    "proved",
};

result<void> read_texts(const table& section, chip& into) {
    for (const auto& [key, text] :
         {std::pair{"core", &into.core},
          std::pair{"carrier", &into.carrier},
          std::pair{"trace_pin", &into.trace_pin},
          std::pair{"openocd", &into.openocd},
          std::pair{"jlink", &into.jlink},
          std::pair{"pyocd", &into.pyocd},
          std::pair{"probe_rs", &into.probe_rs},
          std::pair{"not_made", &into.not_made},
          std::pair{"proved", &into.proved}}) {
        auto written = section.text(key);
        if (!written) return std::unexpected(written.error());
        std::optional<std::string>& there = *written;
        if (there) *text = std::move(*there);
    }
    if (std::ranges::find(carriers, into.carrier) == std::end(carriers))
        return section.error_at(
            "carrier",
            fmt::format(
                "unknown carrier \"{}\"; the known ones are {}",
                into.carrier,
                fmt::join(carriers, ", ")
            )
        );
    return {};
}

result<void> read_numbers(const table& section, chip& into) {
    for (const auto& [key, number] :
         {std::pair{"interrupts", &into.interrupts}, std::pair{"baud", &into.baud}}) {
        const auto written = section.number(key);
        if (!written) return std::unexpected(written.error());
        *number = written->value_or(*number);
        if (*number == 0) return section.error_at(key, fmt::format("\"{}\" is 0", key));
    }
    if (into.interrupts > 480) // ARMv8-M, B3.30
        return section.error_at(
            "interrupts",
            fmt::format("\"interrupts\" is {}; no core has more than 480", into.interrupts)
        );
    if (auto done = read_frequency(section, "clock", into.clock); !done) return done;
    if (section.has("clock") || into.trace_clock == 0) into.trace_clock = into.clock;
    return read_frequency(section, "trace_clock", into.trace_clock);
}

} // namespace

fpu usual_fpu(std::string_view core) noexcept {
    if (core == "cortex-m4" || core == "cortex-m33") return fpu::single_precision;
    if (core == "cortex-m7") return fpu::double_precision;
    return fpu::none;
}

result<memory> read_memory(const table& section) {
    // Any other key would be one more memory.
    for (const std::string& name : section.keys())
        for (const std::string_view needed : {"flash", "ram"})
            if (!section.has(needed) && !nearest(name, std::array{needed}).empty())
                return std::unexpected(section.only({"flash", "ram", "stack"}).error());
    const auto flash = read_region(section, "flash", "{ origin = \"0x08000000\", size = \"1M\" }");
    if (!flash) return std::unexpected(flash.error());
    const auto ram = read_region(section, "ram", "{ origin = \"0x20000000\", size = \"128K\" }");
    if (!ram) return std::unexpected(ram.error());
    if (overlap(*flash, *ram))
        return section.error_at("ram", "[memory] ram overlaps flash; their regions must be apart");
    memory m{.flash = *flash, .ram = *ram};
    for (const std::string& name : section.keys())
        if (name != "flash" && name != "ram" && name != "stack")
            if (const auto added = add_memory(section, name, m); !added)
                return std::unexpected(added.error());
    const auto stack = section.number("stack");
    if (!stack) return std::unexpected(stack.error());
    m.stack = *stack;
    if (m.stack && (*m.stack == 0 || *m.stack % 8 != 0 || *m.stack > m.ram.size))
        return section.error_at(
            "stack",
            fmt::format(
                "\"stack\" is {}; write a multiple of 8 bytes, at most the {} of ram",
                *m.stack,
                m.ram.size
            )
        );
    return m;
}

result<void> read_chip(const table& section, chip& into, std::span<const std::string_view> others) {
    std::vector<std::string_view> known(chip_keys.begin(), chip_keys.end());
    known.insert(known.end(), others.begin(), others.end());
    if (auto fine = section.only(known); !fine) return fine;
    if (auto done = read_texts(section, into); !done) return done;
    if (auto done = read_numbers(section, into); !done) return done;
    if (auto done = read_fpu(section, into, section.has("core")); !done) return done;
    return read_trace_writes(section, into);
}

} // namespace drone::config

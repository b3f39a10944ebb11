// SPDX-License-Identifier: MIT
#include "config/boards.hpp"

#include "config/chip_reader.hpp"
#include "config/chips_text.hpp" // made from chips.toml by the build
#include "config/config.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace drone::config {

namespace {

constexpr std::uint32_t usual_heap = 10 * 1024;
constexpr std::uint32_t small_ram = 32 * 1024;

std::string in_small_letters(std::string_view text) {
    std::string small(text);
    for (char& c : small)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return small;
}

/// What the key names in a list of tables.
template <class T>
result<const T*> named(
    const table& section, std::string_view key, const std::vector<std::pair<std::string, T>>& list
) {
    const auto name = section.text(key);
    if (!name) return std::unexpected(name.error());
    const std::optional<std::string>& there = *name;
    if (!there) return section.error_here(fmt::format("{} has no \"{}\"", section.label(), key));
    const auto found = std::ranges::find(list, *there, &std::pair<std::string, T>::first);
    if (found == list.end())
        return section.error_at(key, fmt::format("unknown {} \"{}\"", key, *there));
    return &found->second;
}

using named_chips = std::vector<std::pair<std::string, chip>>;

result<named_chips> read_families(const table& section) {
    named_chips families;
    for (const auto& [name, place] : section.children()) {
        chip family{.part = {}};
        if (const auto done = read_chip(place, family); !done) return std::unexpected(done.error());
        families.emplace_back(name, std::move(family));
    }
    return families;
}

result<named_chips> read_chips(const table& section, const named_chips& families) {
    constexpr std::array<std::string_view, 2> others = {"family", "memory"};
    named_chips chips;
    for (const auto& [name, place] : section.children()) {
        const auto family = named(place, "family", families);
        if (!family) return std::unexpected(family.error());
        chip c = **family;
        c.part = name;
        if (const auto done = read_chip(place, c, others); !done)
            return std::unexpected(done.error());
        for (const auto& [other, text] :
             {std::pair{c.part, &c.jlink},
              std::pair{in_small_letters(c.part), &c.pyocd},
              std::pair{c.part, &c.probe_rs}})
            if (text->empty()) *text = other;
        const auto memories = place.child("memory");
        if (!memories) return std::unexpected(memories.error());
        if (const std::optional<table>& there = *memories) {
            auto m = read_memory(*there);
            if (!m) return std::unexpected(m.error());
            c.memory = std::move(*m);
        } else if (c.not_made.empty()) {
            return place.error_here(fmt::format("{} has no \"memory\"", name));
        }
        chips.emplace_back(name, std::move(c));
    }
    return chips;
}

board on_board(const chip& c, std::string name) {
    board b{c};
    b.name = std::move(name);
    b.interface = c.part.starts_with("STM32") ? "stlink-dap" : "cmsis-dap";
    return b;
}

result<board> read_board(const table& section, std::string name, const named_chips& chips) {
    constexpr std::array<std::string_view, 3> others = {"chip", "probe", "interface"};
    const auto c = named(section, "chip", chips);
    if (!c) return std::unexpected(c.error());
    board b = on_board(**c, std::move(name));
    if (const auto done = read_chip(section, b, others); !done)
        return std::unexpected(done.error());
    for (const auto& [key, text] :
         {std::pair{"probe", &b.probe}, std::pair{"interface", &b.interface}}) {
        auto written = section.text(key);
        if (!written) return std::unexpected(written.error());
        std::optional<std::string>& there = *written;
        if (there) *text = std::move(*there);
    }
    return b;
}

bool is_emulated(const board& b) { return b.probe == "virtual"; }

/// A mistake in the tool's own file is one of its build; the tests read it.
std::vector<board> own_boards() {
    auto read = read_boards(chips_text, "chips.toml");
    if (!read) throw std::logic_error(read.error().message);
    return std::move(*read);
}

} // namespace

std::string board::description() const {
    std::string text = fmt::format("{}, {}", is_emulated(*this) ? "emulated" : part, core);
    if (memory.ram.size != 0)
        text += fmt::format(
            ", {} flash, {} RAM", format_size(memory.flash.size), format_size(memory.ram.size)
        );
    for (const auto& [name_of_it, place] : memory.more)
        text += fmt::format(" + {} {}", format_size(place.size), name_of_it);
    text += fmt::format(", {}", carrier);
    if (!not_made.empty()) text += ", no `drone new` yet";
    return text;
}

std::uint32_t board::heap_size() const noexcept {
    return std::min(usual_heap, memory.ram.size / 8 * 3 / 8 * 8);
}

std::uint32_t board::stack_size() const noexcept {
    return memory.ram.size < small_ram ? usual_stack / 4 : usual_stack;
}

result<std::vector<board>> read_boards(std::string_view text, std::string_view name) {
    const toml::parse_result parsed = toml::parse(text, name);
    if (!parsed)
        return fail(fmt::format(
            "{}:{}: {}", name, parsed.error().source().begin.line, parsed.error().description()
        ));
    const table top(parsed.table(), std::string(name), "the file");
    if (const auto known = top.only({"family", "chips", "boards"}); !known)
        return std::unexpected(known.error());
    const auto family = top.required_child("family", "{}");
    if (!family) return std::unexpected(family.error());
    const auto parts = top.required_child("chips", "{}");
    if (!parts) return std::unexpected(parts.error());
    const auto places = top.required_child("boards", "{}");
    if (!places) return std::unexpected(places.error());
    const auto families = read_families(*family);
    if (!families) return std::unexpected(families.error());
    const auto chips = read_chips(*parts, *families);
    if (!chips) return std::unexpected(chips.error());
    std::vector<board> boards;
    for (const auto& [board_name, place] : places->children()) {
        auto b = read_board(place, board_name, *chips);
        if (!b) return std::unexpected(b.error());
        boards.push_back(std::move(*b));
    }
    std::ranges::stable_partition(boards, is_emulated);
    for (const auto& [part, c] : *chips)
        if (std::string small = in_small_letters(part);
            std::ranges::find(boards, small, &board::name) == boards.end())
            boards.push_back(on_board(c, std::move(small)));
    return boards;
}

std::span<const board> supported_boards() {
    static const std::vector<board> boards = own_boards();
    return boards;
}

const board* find_board(std::string_view name) {
    const auto boards = supported_boards();
    const std::string small = in_small_letters(name);
    const auto found = std::ranges::find(boards, small, &board::name);
    return found == boards.end() ? nullptr : &*found;
}

const std::string& chip_name(std::string_view kind, const chip& c) {
    if (kind == "jlink") return c.jlink;
    if (kind == "pyocd") return c.pyocd;
    if (kind == "probe-rs") return c.probe_rs;
    return c.openocd;
}

std::string chip_name(std::string_view kind, std::string_view spelled) {
    if (const board* const known = find_board(spelled))
        if (const std::string& name = chip_name(kind, *known); !name.empty()) return name;
    const std::string small = in_small_letters(spelled);
    for (const board& b : supported_boards())
        if (const std::string& name = chip_name(kind, b); in_small_letters(name) == small)
            return name;
    return std::string(spelled);
}

} // namespace drone::config

// SPDX-License-Identifier: MIT

// drone print supported-boards: what the tool knows of boards and chips.

#include "cli/command.hpp"
#include "config/boards.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

namespace drone::cli {

namespace {

using json = nlohmann::ordered_json;

/// null where nothing is known.
json known(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }
json known(std::uint32_t number) { return number == 0 ? json(nullptr) : json(number); }

json memory_json(const config::memory& m) {
    json memories = json::object();
    const auto add = [&](const std::string& name, const config::region& place) {
        if (place.size != 0) memories[name] = {{"origin", place.origin}, {"size", place.size}};
    };
    add("flash", m.flash);
    add("ram", m.ram);
    for (const auto& [name, place] : m.more)
        add(name, place);
    return memories;
}

const char* name_of(config::fpu unit) {
    switch (unit) {
    case config::fpu::single_precision:
        return "single";
    case config::fpu::double_precision:
        return "double";
    default:
        return "none";
    }
}

json board_json(const config::board& b) {
    json writes = json::array();
    for (const auto& [address, set, clear] : b.trace_writes)
        writes.push_back({{"address", address}, {"set", set}, {"clear", clear}});
    return {
        {"board", b.name},
        {"chip", b.part},
        {"core", b.core},
        {"fpu", name_of(b.fpu)},
        {"memory", memory_json(b.memory)},
        {"carrier", b.carrier},
        {"clock", known(b.clock)},
        {"trace_clock", known(b.trace_clock)},
        {"trace_pin", known(b.trace_pin)},
        {"trace_writes", std::move(writes)},
        {"probe", b.probe},
        {"interface", b.interface},
        {"openocd", known(b.openocd)},
        {"jlink", b.jlink},
        {"pyocd", b.pyocd},
        {"probe_rs", b.probe_rs},
        {"new", b.not_made.empty()},
        {"not_made", known(b.not_made)},
        {"proved", known(b.proved)},
    };
}

result<int> print_boards(bool as_json) {
    const auto boards = config::supported_boards();
    if (as_json) {
        json list = json::array();
        for (const config::board& b : boards)
            list.push_back(board_json(b));
        fmt::print("{}\n", json{{"boards", std::move(list)}}.dump(2));
        return 0;
    }
    std::size_t width = 0;
    for (const config::board& b : boards)
        width = std::max(width, b.name.size());
    for (const config::board& b : boards)
        fmt::print("{:{}}  {}\n", b.name, width, b.description());
    return 0;
}

} // namespace

void add_print_boards(command_syntax print, session& s) {
    command_syntax command =
        print.add_subcommand("supported-boards", "The boards and chips that `drone new` knows");
    const auto as_json = std::make_shared<bool>(false);
    command.add_flag("--json", *as_json, "As JSON, with all that is known of each");
    s.on(command, [as_json] { return print_boards(*as_json); });
}

} // namespace drone::cli

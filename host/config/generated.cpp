// SPDX-License-Identifier: MIT
#include "config/generated.hpp"

#include <fmt/format.h>

namespace drone::config {

namespace {

std::string in_capitals(std::string_view text) {
    std::string capital(text);
    for (char& c : capital)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return capital;
}

/// A section for each memory beside RAM. The start-up code (arch/cortex_m/startup.cpp) clears them: it
/// knows their ends by number.
std::string sections_of(const memory& m) {
    std::string text = "SECTIONS\n{\n";
    unsigned number = 0;
    for (const auto& [name, place] : m.more)
        text += fmt::format(
            "    .{0} (NOLOAD) :\n    {{\n"
            "        . = ALIGN(8);\n        drone_memory_{1}_begin = .;\n"
            "        *(.{0} .{0}.*)\n"
            "        . = ALIGN(4);\n        drone_memory_{1}_end = .;\n    }} > {2}\n",
            name,
            ++number,
            in_capitals(name)
        );
    return text + "}\n";
}

} // namespace

result<std::string> layout_header(const project& p) {
    if (p.heaps.empty()) return std::unexpected(require_heap(p).error());
    std::string text = "// Made from Drone.toml by `drone print layout`.\n"
                       "#pragma once\n\n"
                       "#include <drone/layout.hpp>\n\n"
                       "#include <cstdint>\n\n"
                       "namespace drone::config {\n";
    for (const heap& h : p.heaps) {
        if (h.unusable) return std::unexpected(*h.unusable);
        if (h.pools.empty() && !h.overflow)
            return fail(fmt::format(
                "{}: heap \"{}\" has no pools; add overflow = true, or pools = [{{ block = \"16\", "
                "capacity = 10 }}]",
                p.file.string(),
                h.name
            ));
        text += fmt::format(
            "\ninline constexpr auto heap_{} = drone::make_layout(\n    {},\n", h.name, h.size
        );
        if (h.pools.empty()) {
            text += fmt::format("    drone::overflow::region,\n    {}\n);\n", h.alignment);
        } else {
            text += fmt::format("    {{\n");
            for (const pool_spec& pool : h.pools)
                text += fmt::format("        {{{}, {}}},\n", pool.block, pool.capacity);
            text += fmt::format(
                "    }},\n    {}{}\n);\n",
                h.alignment,
                h.overflow ? ",\n    drone::overflow::region" : ""
            );
        }
        if (h.origin)
            text += fmt::format(
                "inline constexpr std::uintptr_t heap_{}_origin = {:#010x};\n", h.name, *h.origin
            );
    }
    text += "\n} // namespace drone::config\n";
    return text;
}

result<std::string> linker_memory(const project& p) {
    const auto m = require_memory(p);
    if (!m) return std::unexpected(m.error());
    std::string text = "/* Made from Drone.toml by `drone print memory`. */\nMEMORY\n{\n";
    const auto add = [&text](std::string_view name, std::string_view rights, const region& at) {
        text += fmt::format(
            "    {} ({}) : ORIGIN = {:#010x}, LENGTH = {}\n", name, rights, at.origin, at.size
        );
    };
    add("FLASH", "rx", m->flash);
    add("RAM", "rwx", m->ram);
    for (const auto& [name, place] : m->more)
        add(in_capitals(name), "rw", place);
    text += "}\n";
    const std::optional<std::uint32_t>& stack = m->stack;
    if (stack) text += fmt::format("drone_stack_size = {};\n", *stack);
    if (!m->more.empty()) text += sections_of(*m);
    return text;
}

} // namespace drone::config

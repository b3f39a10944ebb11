// SPDX-License-Identifier: MIT
#include "config/generated.hpp"

#include <fmt/format.h>

namespace drone::config {

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
    return fmt::format(
        "/* Made from Drone.toml by `drone print memory`. */\n"
        "MEMORY\n{{\n"
        "    FLASH (rx) : ORIGIN = {:#010x}, LENGTH = {}\n"
        "    RAM (rwx) : ORIGIN = {:#010x}, LENGTH = {}\n"
        "}}\n",
        m->flash.origin,
        m->flash.size,
        m->ram.origin,
        m->ram.size
    );
}

} // namespace drone::config

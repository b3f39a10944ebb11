// SPDX-License-Identifier: MIT
#pragma once

// What the reader says of a text that it refuses.

#include "config/config.hpp"

#include <string>
#include <string_view>

namespace drone::config {

/// The message to whoever needs every heap of the text as it is, or "accepted".
inline std::string refusal(std::string_view text) {
    const result<project> p = parse(text, "Drone.toml");
    if (!p) return p.error().message;
    for (const heap& h : p->heaps)
        if (const auto usable = require_heap(*p, h.name); !usable) return usable.error().message;
    return "accepted";
}

} // namespace drone::config

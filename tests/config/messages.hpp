// SPDX-License-Identifier: MIT
#pragma once

// What the reader says of a text that it refuses.

#include "config/config.hpp"

#include <string>
#include <string_view>

namespace drone::config {

/// The message, or "accepted".
inline std::string refusal(std::string_view text) {
    const result<project> p = parse(text, "Drone.toml");
    return p ? "accepted" : p.error().message;
}

} // namespace drone::config

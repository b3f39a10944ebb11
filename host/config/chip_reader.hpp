// SPDX-License-Identifier: MIT
#pragma once

// The parts of a TOML file that describe a chip. Private to config/.

#include "config/chip.hpp"
#include "config/table.hpp"

#include <span>
#include <string_view>

namespace drone::config {

/// `[memory]`: flash, ram and any other memory, `{ origin = ..., size = ... }` or "64K at 0x20000000";
/// and the stack's size.
[[nodiscard]] result<memory> read_memory(const table& section);

/// Overrides `into` by what the section says. Keys of `others` are left to the caller; any other key
/// that is not a chip's is an error.
[[nodiscard]] result<void>
read_chip(const table& section, chip& into, std::span<const std::string_view> others = {});

} // namespace drone::config

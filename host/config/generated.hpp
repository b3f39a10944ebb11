// SPDX-License-Identifier: MIT
#pragma once

// What a firmware's build takes from Drone.toml.

#include "config/config.hpp"

namespace drone::config {

/// A C++ header: for every heap, its pools as constexpr data, and its address when it has one.
///
///     namespace drone::config {
///     inline constexpr auto heap_main = drone::make_layout(10240, {{4, 201}, {12, 222}}, 8);
///     inline constexpr std::uintptr_t heap_ccm_origin = 0x10000000;
///     }
///
/// An error when there is no heap, or one has neither pools nor an overflow region.
[[nodiscard]] result<std::string> layout_header(const project& p);

/// What a linker script includes: MEMORY with the regions FLASH and RAM and any other memory of the
/// chip, a section for each of those, and the stack's size where Drone.toml says it.
[[nodiscard]] result<std::string> linker_memory(const project& p);

} // namespace drone::config

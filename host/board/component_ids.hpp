// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace drone::board {

inline constexpr std::uint32_t rom_table_base = 0xE00F'F000;

/// The ROM table of a Cortex-M4, and the identification registers at the end of each of its
/// components' pages (ARMv7-M appendix D, B3.1, CoreSight architecture B2.2); nothing elsewhere.
[[nodiscard]] std::optional<std::uint32_t> component_id(std::uint32_t address);

} // namespace drone::board

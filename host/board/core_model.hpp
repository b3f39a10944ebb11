// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace drone::board {

/// The Cortex-M that is emulated.
enum class core_model : std::uint8_t { m0, m3, m4, m7, m33 };

} // namespace drone::board

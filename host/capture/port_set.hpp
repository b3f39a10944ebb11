// SPDX-License-Identifier: MIT
#pragma once

#include <bitset>
#include <cstdint>

namespace drone::capture {

/// Ports that a target has, and that outputs can be of.
inline constexpr unsigned port_count = 32;

/// The port of the main heap's trace.
inline constexpr std::uint8_t heap_trace_port = 31;

/// Ports as packets spell them, with a stimulus page: a damaged stream names ports that no target
/// has.
using port_set = std::bitset<256>;

} // namespace drone::capture

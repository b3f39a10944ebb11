// SPDX-License-Identifier: MIT
#pragma once

#include "stream/packet.hpp"

#include <cstdint>
#include <span>

namespace drone::stream {

/// The value of an ITM or DWT packet that has all its bytes: `malformed` without its bytes where
/// they break the grammar. Ports are of stimulus page `page`. Pure.
[[nodiscard]] packet decode_itm_packet(std::span<const std::uint8_t> bytes, std::uint8_t page);

} // namespace drone::stream

// SPDX-License-Identifier: MIT
#pragma once

// Packets in words: one line of text, or one JSON object. The text of a packet is a kind and its
// fields, `SW port=31 size=4 value=0x0200033b`; malformed bytes are shown in hexadecimal where the
// kind alone would not show. Pure.

#include "stream/packet.hpp"

#include <string>

namespace drone::stream {

/// Without the offset, without a line end.
[[nodiscard]] std::string describe(const packet& value);

/// `{"offset":…,"time":…,"tentative":…,"kind":…,…}` without a line end.
[[nodiscard]] std::string describe_json(const located_packet& found);

/// Its name in the manual: "SysTick" of 15, "IRQ3" of 19.
[[nodiscard]] std::string exception_name(std::uint16_t number);

} // namespace drone::stream

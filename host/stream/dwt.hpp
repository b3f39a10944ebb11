// SPDX-License-Identifier: MIT
#pragma once

// Hardware source packets of the DWT (ARMv7-M D4.3.2, ARMv8-M F1.2): a discriminator, a size and a
// little-endian value become a packet. What the manuals do not define becomes `reserved_source`.
// Pure.

#include "stream/packet.hpp"

#include <cstdint>

namespace drone::stream {

[[nodiscard]] constexpr packet
decode_hardware_source(std::uint8_t discriminator, std::uint8_t size, std::uint32_t value) {
    const reserved_source undefined{.discriminator = discriminator, .size = size, .value = value};
    const auto comparator = static_cast<std::uint8_t>(discriminator >> 1U & 3U);
    const auto low_byte = static_cast<std::uint8_t>(value);
    switch (discriminator) {
    case 0:
        if (size == 1) return event_counters{low_byte};
        return undefined;
    case 1: {
        const auto action = static_cast<std::uint8_t>(value >> 12U & 3U);
        if (size != 2 || action == 0) return undefined;
        return exception_trace{
            .number = static_cast<std::uint16_t>(value & 0x1FFU),
            .action = static_cast<exception_action>(action),
        };
    }
    case 2:
        if (size == 4) return pc_sample{value};
        if (size == 1 && value == 0x00) return pc_sample_idle{.prohibited = false};
        if (size == 1 && value == 0xFF) return pc_sample_idle{.prohibited = true};
        return undefined;
    case 3:
        if (size == 1) return pmu_overflow{low_byte};
        return undefined;
    default:
        break;
    }
    if (discriminator >= 8 && discriminator <= 15) {
        if (discriminator % 2 == 1)
            return data_address{.comparator = comparator, .size = size, .value = value};
        if (size == 1) return data_match{.comparator = comparator, .value = low_byte};
        return data_pc{.comparator = comparator, .size = size, .value = value};
    }
    if (discriminator >= 16 && discriminator <= 23) {
        return data_value{
            .comparator = comparator,
            .written = discriminator % 2 == 1,
            .size = size,
            .value = value,
        };
    }
    return undefined;
}

} // namespace drone::stream

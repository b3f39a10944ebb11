// SPDX-License-Identifier: MIT
#pragma once

// The first byte of an ITM packet, classified in the order of the manual (ARMv7-M D4.1.3, table
// D4-1). Bits are sent least significant first; here they are written as the manual writes bytes.
// Pure.

#include <array>
#include <cstdint>

namespace drone::stream {

/// What the first byte of a packet says it is, with its section of ARMv7-M appendix D4.
enum class header_kind : std::uint8_t {
    zero,              ///< 00000000  part of a synchronisation                        D4.2.1
    overflow,          ///< 01110000                                                   D4.2.3
    local_short,       ///< 0ttt0000  t = 1..6                                         D4.2.4
    local,             ///< 11cc0000  1..4 payload bytes                               D4.2.4
    global_low,        ///< 10010100  1..4 payload bytes                               D4.2.5
    global_high,       ///< 10110100  4 or 6 payload bytes                             D4.2.5
    extension,         ///< 0eee1s00  no payload                                       D4.2.6
    extension_payload, ///< 1eee1s00  1..4 payload bytes                               D4.2.6
    software,          ///< aaaaa0ss  1, 2 or 4 payload bytes                          D4.3.1
    hardware,          ///< ddddd1ss  1, 2 or 4 payload bytes                          D4.3.2
    reserved,          ///< anything else
};

[[nodiscard]] constexpr header_kind classify(std::uint8_t header) {
    if ((header & 0b0000'0011U) != 0) {
        return (header & 0b0000'0100U) == 0 ? header_kind::software : header_kind::hardware;
    }
    if (header == 0b0000'0000U) return header_kind::zero;
    if (header == 0b0111'0000U) return header_kind::overflow;
    if ((header & 0b1000'1111U) == 0b0000'0000U) return header_kind::local_short;
    if ((header & 0b1100'1111U) == 0b1100'0000U) return header_kind::local;
    if (header == 0b1001'0100U) return header_kind::global_low;
    if (header == 0b1011'0100U) return header_kind::global_high;
    if ((header & 0b1000'1000U) == 0b0000'1000U) return header_kind::extension;
    if ((header & 0b1000'1000U) == 0b1000'1000U) return header_kind::extension_payload;
    return header_kind::reserved;
}

/// Payload bytes of a source packet: ss = 1, 2, 3 means 1, 2, 4.
[[nodiscard]] constexpr std::uint8_t source_size(std::uint8_t header) {
    return static_cast<std::uint8_t>((1U << (header & 0b0000'0011U)) >> 1U);
}

/// aaaaa or ddddd of a source packet.
[[nodiscard]] constexpr std::uint8_t source_address(std::uint8_t header) {
    return static_cast<std::uint8_t>(header >> 3U);
}

/// The most payload bytes that a packet of continued bytes may have.
[[nodiscard]] constexpr std::uint8_t payload_limit(header_kind kind) {
    switch (kind) {
    case header_kind::local:
    case header_kind::global_low:
    case header_kind::extension_payload:
        return 4;
    case header_kind::global_high:
        return 6;
    default:
        return 0;
    }
}

inline constexpr auto header_kinds = [] {
    std::array<header_kind, 256> kinds{};
    for (unsigned header = 0; header < 256; ++header)
        kinds[header] = classify(static_cast<std::uint8_t>(header));
    return kinds;
}();

} // namespace drone::stream

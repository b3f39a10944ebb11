// SPDX-License-Identifier: MIT
#pragma once

// How the writes of a port become bytes, where a program makes the bytes itself: on a UART. Target
// and host share these constexpr functions.
//
//     ITM    aaaaa0ss                 then 1, 2 or 4 payload bytes   (ARMv7-M D4.3.1)
//     DSO    1001011p ppppllll        then llll + 1 payload bytes
//
// Payloads are little-endian. Every function is pure.

#include <drone/language.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace drone {

/// The bytes of a packet header.
template <std::size_t Size>
struct header_bytes {
    std::uint8_t at[Size];
};

/// A framing: header() of a write of 1, 2 or 4 bytes to a port, 0..31.
template <class Framing>
concept packet_framing = requires(unsigned port, std::size_t size) {
    { Framing::header_size } -> std::convertible_to<std::size_t>;
    { Framing::header(port, size) } noexcept -> std::same_as<header_bytes<Framing::header_size>>;
};

/// A framing that also has a synchronisation, from which a receiver finds the next packet.
template <class Framing>
concept synchronised_framing = packet_framing<Framing> && requires { Framing::synchronisation[0]; };

/// Packets as the ITM makes them: one byte of header. Every SWO tool reads them.
struct itm_framing {
    static constexpr std::size_t header_size = 1;

    [[nodiscard]] static constexpr header_bytes<1>
    header(unsigned port, std::size_t size) noexcept {
        const unsigned size_code = size == 4 ? 3 : static_cast<unsigned>(size);
        return {{static_cast<std::uint8_t>(port << 3U | size_code)}};
    }

    /// 47 zero bits and a one (D4.2.1).
    static constexpr std::uint8_t synchronisation[6] = {0, 0, 0, 0, 0, 0x80};
};

/// Drone Serial Output: two bytes of header and 1..16 bytes of payload. It has no synchronisation.
struct dso_framing {
    static constexpr std::size_t header_size = 2;

    [[nodiscard]] static constexpr header_bytes<2>
    header(unsigned port, std::size_t size) noexcept {
        return {
            {static_cast<std::uint8_t>(0b1001'0110U | port >> 4U),
             static_cast<std::uint8_t>(port << 4U | (size - 1))}
        };
    }
};

} // namespace drone

// SPDX-License-Identifier: MIT
#pragma once

// Packets to bytes, the inverse of the decoders: for what plays a board, and for tests. What no
// packet can be (malformed, missing, unsynchronised) encodes to the bytes that it carries. Pure.

#include "stream/packet.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace drone::stream {

using byte_string = std::vector<std::uint8_t>;

/// Appends an ITM packet. Software packets are of `port % 32`; the page has a packet of its own.
void encode_itm(const packet& value, byte_string& to);

/// Appends a DSO packet: a write of 1..16 bytes to a port below 32.
void encode_dso(std::uint8_t port, std::span<const std::uint8_t> payload, byte_string& to);

/// Puts bytes of several sources into TPIU frames.
class tpiu_framer {
public:
    /// Data of source `id`, 1..0x6F.
    void put(std::uint8_t id, std::span<const std::uint8_t> data, byte_string& to);
    /// Fills the last frame with padding.
    void finish(byte_string& to);

private:
    void put_byte(std::uint8_t id, std::uint8_t byte, byte_string& to);
    void end_frame(byte_string& to);

    byte_string frame_; ///< so far, without the flags
    std::uint8_t flags_ = 0;
    int source_ = -1;
};

inline constexpr std::array<std::uint8_t, 4> tpiu_full_sync{0xFF, 0xFF, 0xFF, 0x7F};
inline constexpr std::array<std::uint8_t, 2> tpiu_half_sync{0xFF, 0x7F};

} // namespace drone::stream

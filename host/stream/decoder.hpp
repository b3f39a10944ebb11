// SPDX-License-Identifier: MIT
#pragma once

#include "stream/packet.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace drone::stream {

/// What every decoder is: bytes in at any split, packets out. Which one a capture needs is a
/// `format`. Pure: no I/O, no clock.
class decoder {
public:
    virtual ~decoder() = default;
    decoder(const decoder&) = delete;
    decoder& operator=(const decoder&) = delete;

    /// Decodes `bytes`; keeps the few that cannot be decided yet. Linear.
    virtual void feed(std::span<const std::uint8_t> bytes, packet_sink& sink) = 0;
    /// The input ended: decides what was kept. The decoder can go on afterwards.
    virtual void finish(packet_sink& sink) = 0;
    /// `length` bytes were lost here (0: not known); nothing that comes belongs to what was kept.
    virtual void lose(std::uint64_t length, packet_sink& sink) = 0;

protected:
    decoder() = default;
};

/// Whether a decoder believes the first bytes.
enum class start : std::uint8_t {
    at_once,
    after_synchronisation, ///< everything before the first one is one `unsynchronised`
};

/// How packets are framed in the bytes of a capture.
enum class framing : std::uint8_t {
    swo,  ///< ITM packets as they are
    tpiu, ///< ITM packets as one stream in TPIU frames
    dso,  ///< Drone Serial Output
};

/// Everything that a decoder must know of a capture.
struct format {
    framing how = framing::swo;
    std::uint8_t tpiu_id = 1; ///< of the ITM's stream, 1..0x6F
    start from = start::at_once;
};

[[nodiscard]] std::unique_ptr<decoder> make_decoder(const format& what);

} // namespace drone::stream

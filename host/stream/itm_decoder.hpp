// SPDX-License-Identifier: MIT
#pragma once

#include "stream/decoder.hpp"
#include "stream/packet.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace drone::stream {

/// Bytes of an ITM and DWT stream (ARMv7-M appendix D4, ARMv8-M appendix F) to packets.
///
/// Incremental: any split of the input gives the same packets. It starts at the first byte, before
/// any synchronisation; packets that none vouches for yet are marked tentative. Damage is found
/// where a synchronisation cuts a payload or a grammar rule breaks, and decoding continues after it;
/// every byte of the input is in exactly one packet. The stimulus page is 0 at the start, after a
/// synchronisation and after damage. Pure: no I/O, no clock, no allocation.
///
/// A packet is handed on as soon as it is certain. That is with its last byte, except where its
/// payload ends in zero bytes: those could be the start of a synchronisation that cut it short, so
/// up to five bytes more are awaited while they are zero.
class itm_decoder : public decoder {
public:
    explicit itm_decoder(start from = start::at_once)
        : waiting_(from == start::after_synchronisation) {}

    void feed(std::span<const std::uint8_t> bytes, packet_sink& sink) override;
    void finish(packet_sink& sink) override;
    void lose(std::uint64_t length, packet_sink& sink) override;

private:
    struct piece {
        std::size_t size = 0; ///< bytes; 0: more input is needed to decide
        packet value;
    };

    const std::uint8_t*
    decode(const std::uint8_t* first, const std::uint8_t* end, bool last, packet_sink& sink);
    const std::uint8_t*
    zero_run(const std::uint8_t* at, const std::uint8_t* end, packet_sink& sink);
    const std::uint8_t*
    software_packets(const std::uint8_t* at, const std::uint8_t* end, packet_sink& sink);
    const std::uint8_t* writes(const std::uint8_t* at, const std::uint8_t* end, packet_sink& sink);
    [[nodiscard]] piece packet_at(std::span<const std::uint8_t> bytes, bool last) const;
    void emit(std::size_t length, packet value, packet_sink& sink);
    void note_damage();
    void end_zeros(defect what, packet_sink& sink);

    std::uint64_t offset_ = 0;         ///< of the next byte that is in no packet yet
    std::uint64_t zeros_ = 0;          ///< bytes of the zero run at `offset_`
    std::uint64_t unsynchronised_ = 0; ///< bytes before `offset_` that were skipped while waiting
    std::array<std::uint8_t, 32> kept_{};
    std::array<write_batch::write, 4096> batch_{}; ///< of the fast loop
    std::size_t kept_size_ = 0;
    std::uint8_t page_ = 0;
    bool waiting_ = false;
    bool synchronised_ = false; ///< a synchronisation was seen and no damage since
};

} // namespace drone::stream

// SPDX-License-Identifier: MIT
#pragma once

#include "stream/decoder.hpp"
#include "stream/itm_decoder.hpp"
#include "stream/tpiu_deframer.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace drone::stream {

/// ITM packets out of TPIU frames: finds the frames, takes out the ITM's stream and decodes it.
/// Packet offsets count the bytes of that stream, not of the frames.
///
/// It finds the beginning of frames from the first 64 to 512 bytes (tpiu_alignment.hpp), and again
/// if the bytes stop making sense, for instance after lost bytes without a frame synchronisation.
/// Data before the first ID has no known source and is dropped, unless no ID is near: then it can
/// only be the wanted one. Pure, incremental.
class tpiu_decoder : public decoder {
public:
    explicit tpiu_decoder(std::uint8_t wanted, start from = start::at_once)
        : wanted_(wanted), frames_(wanted), packets_(from) {}

    void feed(std::span<const std::uint8_t> bytes, packet_sink& sink) override;
    void finish(packet_sink& sink) override;
    void lose(std::uint64_t length, packet_sink& sink) override;

private:
    [[nodiscard]] std::span<const std::uint8_t>
    seek(std::span<const std::uint8_t> bytes, packet_sink& sink);
    void lock(std::size_t offset, packet_sink& sink);
    void follow(std::span<const std::uint8_t> bytes, packet_sink& sink);
    void decode_data(packet_sink& sink);
    void check();

    std::uint8_t wanted_;
    tpiu_deframer frames_;
    itm_decoder packets_;
    std::vector<std::uint8_t> data_;   ///< of the wanted source, not decoded yet
    std::vector<std::uint8_t> window_; ///< while it seeks the frames
    bool locked_ = false;
    std::size_t until_check_ = 0; ///< bytes, when locked
    unsigned oddities_before_ = 0;
    std::uint64_t bad_packets_ = 0; ///< since the last check
};

} // namespace drone::stream

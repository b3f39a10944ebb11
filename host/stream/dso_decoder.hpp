// SPDX-License-Identifier: MIT
#pragma once

#include "stream/decoder.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace drone::stream {

/// Drone Serial Output: port writes on a plain UART.
///
///     1001011p  ppppllll  then llll + 1 payload bytes       port ppppp, 1..16 bytes
///
/// A payload of more than four bytes becomes several software packets, in order. The format has no
/// check and nothing to synchronise on: bytes that begin no packet are gathered in one `malformed`
/// until one looks as if it did. Incremental, pure.
class dso_decoder : public decoder {
public:
    void feed(std::span<const std::uint8_t> bytes, packet_sink& sink) override;
    void finish(packet_sink& sink) override;
    void lose(std::uint64_t length, packet_sink& sink) override;

private:
    void one_byte(std::uint8_t byte, packet_sink& sink);
    void write(packet_sink& sink);
    void end_unframed(packet_sink& sink);

    std::uint64_t offset_ = 0;              ///< of what is gathered
    std::uint64_t unframed_ = 0;            ///< bytes in a row that begin no packet
    std::array<std::uint8_t, 18> packet_{}; ///< or the first of those
    std::size_t size_ = 0;
};

} // namespace drone::stream

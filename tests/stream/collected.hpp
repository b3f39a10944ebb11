// SPDX-License-Identifier: MIT
#pragma once

// A sink that keeps every packet, and what it takes to compare a decoder's packets as text.

#include "stream/describe.hpp"
#include "stream/itm_decoder.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace drone::stream {

struct collected : packet_sink {
    std::vector<located_packet> packets;
    void on_packet(const located_packet& found) override { packets.push_back(found); }
};

inline std::string text(const located_packet& found) {
    return fmt::format("{} {}", found.offset, describe(found.value));
}

/// Everything at once.
inline std::vector<located_packet>
decode_itm(std::span<const std::uint8_t> bytes, start from = start::at_once) {
    itm_decoder decoder(from);
    collected sink;
    decoder.feed(bytes, sink);
    decoder.finish(sink);
    return sink.packets;
}

} // namespace drone::stream

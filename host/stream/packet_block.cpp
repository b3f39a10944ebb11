// SPDX-License-Identifier: MIT
#include "stream/packet_block.hpp"

#include "stream/itm_packet.hpp"

namespace drone::stream {

located_packet packet_of(const packet_block& block, const std::uint8_t* at) {
    return {
        .offset = block.offset + static_cast<std::uint64_t>(at - block.packets.data()),
        .tentative = block.tentative,
        .value = decode_itm_packet({at, block_packet(at).length()}, block.page),
    };
}

void packet_sink::on_block(const packet_block& block) {
    const std::uint8_t* at = block.packets.data();
    for (const std::uint8_t* const end = at + block.packets.size(); at != end;
         at += block_packet(at).length())
        on_packet(packet_of(block, at));
}

void packet_sink::on_writes(std::span<const timed_write> writes) {
    for (const timed_write& one : writes)
        on_packet({.tentative = one.tentative, .value = one.packet(), .time = one.time});
}

} // namespace drone::stream

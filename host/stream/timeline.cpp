// SPDX-License-Identifier: MIT
#include "stream/timeline.hpp"

#include "stream/packet_block.hpp"

namespace drone::stream {

void timeline::on_packet(const located_packet& found) {
    if (!what_.time) return to_.on_packet(found);
    if (const auto* by = std::get_if<local_timestamp>(&found.value)) return stamp(found, by->ticks);
    if (!timed_) return pass(found);
    held_.push_back(found);
    if (held_.size() < patience) return;
    release();
    timed_ = false;
}

void timeline::on_run(const software_run& run) {
    if (what_.time && timed_) return packet_sink::on_run(run);
    software_run timed = run;
    timed.time = now_;
    to_.on_run(timed);
}

void timeline::on_block(const packet_block& block) {
    if (!what_.writes_alone) return what_.time ? packet_sink::on_block(block) : to_.on_block(block);
    const std::uint8_t* const end = block.packets.data() + block.packets.size();
    const std::uint8_t* at = block.packets.data();
    // What is held goes first, which takes a timestamp.
    for (; at != end && !held_.empty(); at += block_packet(at).length())
        on_packet(packet_of(block, at));
    if (at != end) time_writes(block, at);
}

/// The fast loop over the packets from `at` on: writes wait in `writes_` for their timestamp.
void timeline::time_writes(const packet_block& block, const std::uint8_t* at) {
    const std::uint8_t* const end = block.packets.data() + block.packets.size();
    const auto first_port = static_cast<std::uint8_t>(block.page * 32U);
    // Room for what may come, given back at the end: the loop writes without looking.
    if (writes_.size() < block.count) writes_.resize(block.count);
    timed_write* const first = writes_.data();
    timed_write* waiting = first;
    timed_write* next = first;
    while (at != end) {
        const block_packet found(at);
        if (found.is_write()) {
            *next++ = {
                .time = now_,
                .value = found.value(),
                .port = static_cast<std::uint8_t>(first_port + source_address(found.header())),
                .size = found.size(),
                .tentative = block.tentative,
            };
        } else if (found.is_timestamp() && what_.time) {
            now_ = now_.value_or(0) + found.ticks();
            timed_ = true;
            for (; waiting != next; ++waiting)
                waiting->time = now_;
        }
        at += found.length();
    }
    // Without a timestamp for so long, none is waited for any more.
    if (!what_.time || next - waiting >= static_cast<std::ptrdiff_t>(patience)) timed_ = false;
    if (!timed_) waiting = next;
    if (waiting != first) to_.on_writes({first, waiting});
    for (; waiting != next; ++waiting)
        held_.push_back({.tentative = waiting->tentative, .value = waiting->packet()});
}

void timeline::release() {
    for (const located_packet& waiting : held_)
        pass(waiting);
    held_.clear();
}

void timeline::pass(located_packet found) {
    found.time = now_;
    to_.on_packet(found);
}

void timeline::stamp(const located_packet& found, std::uint32_t ticks) {
    now_ = now_.value_or(0) + ticks;
    timed_ = true;
    release();
    pass(found);
}

} // namespace drone::stream

// SPDX-License-Identifier: MIT
#pragma once

#include "stream/encode.hpp"

#include <drone/wire.hpp>

#include <cstdint>
#include <random>

namespace drone::bench {

/// What a board sends whose heap is traced while the DWT samples: of the source packets 40 % are
/// words of a native heap trace on port 31, 30 % program counters, 10 % exceptions, the rest text
/// on port 0 by single bytes. After four of five of them comes a local timestamp, half of these of
/// one byte.
inline stream::byte_string realistic_stream(std::size_t bytes) {
    std::mt19937 random(1);
    const auto below = [&](std::uint32_t limit) {
        return static_cast<std::uint32_t>(random()) % limit;
    };
    stream::byte_string made;
    made.reserve(bytes + 16);
    const wire::word begin = wire::make_begin({.size = 1 << 20, .alignment = 4, .pool_count = 3});
    stream::encode_itm(stream::software{.port = 31, .value = begin.bits}, made);
    for (std::uint32_t events = 0; made.size() < bytes;) {
        const std::uint32_t what = below(10);
        if (what < 4) {
            const auto op =
                events % 2 == 0 ? wire::operation::allocate : wire::operation::deallocate;
            const wire::word word = wire::event(op, events++, below(wire::data_mask));
            stream::encode_itm(stream::software{.port = 31, .value = word.bits}, made);
        } else if (what < 7) {
            stream::encode_itm(stream::pc_sample{0x0800'0000 + below(1 << 20)}, made);
        } else if (what < 8) {
            const auto number = static_cast<std::uint16_t>(15 + below(30));
            const auto action = static_cast<stream::exception_action>(1 + below(3));
            stream::encode_itm(stream::exception_trace{number, action}, made);
        } else {
            stream::encode_itm(
                stream::software{.port = 0, .size = 1, .value = 'a' + below(26)}, made
            );
        }
        if (below(5) == 0) continue;
        const bool short_form = below(2) == 0;
        const std::uint32_t ticks = 1 + below(short_form ? 6 : 300);
        stream::encode_itm(stream::local_timestamp{.ticks = ticks, .one_byte = short_form}, made);
    }
    return made;
}

} // namespace drone::bench

// SPDX-License-Identifier: MIT
#pragma once

// Streams to try decoders on: noise, noise of the bytes that matter, packets, packets with damage.

#include "stream/decoder.hpp"
#include "stream/encode.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <span>

namespace drone::stream {

using random_source = std::mt19937_64;

inline std::uint32_t below(random_source& random, std::uint32_t limit) {
    return static_cast<std::uint32_t>(random() % limit);
}

/// Bytes that decide something, and zero often.
inline std::uint8_t telling_byte(random_source& random) {
    static constexpr std::array<std::uint8_t, 28> bytes{0x00, 0x00, 0x00, 0x00, 0x80, 0x80, 0x70,
                                                        0x10, 0x60, 0xC0, 0xD0, 0xF0, 0x94, 0xB4,
                                                        0x08, 0x18, 0x0C, 0x88, 0x8C, 0x01, 0x03,
                                                        0xFB, 0x0E, 0x17, 0x05, 0x81, 0x7F, 0xFF};
    return bytes[below(random, bytes.size())];
}

/// One packet of any kind.
inline packet any_packet(random_source& random) {
    constexpr std::array<std::uint8_t, 3> sizes{1, 2, 4};
    const std::uint8_t size = sizes[below(random, 3)];
    const auto mask = size == 4 ? 0xFFFF'FFFFU : (1U << 8 * size) - 1;
    // Zero bytes at the end are what makes synchronisations hard.
    const std::uint32_t shift = 8 * below(random, 5);
    const auto value =
        static_cast<std::uint32_t>(shift == 32 ? 0 : (random() & 0xFFFF'FFFFU) >> shift) & mask;
    const auto comparator = static_cast<std::uint8_t>(below(random, 4));
    switch (below(random, 14)) {
    case 0:
        return synchronisation{6 + (below(random, 8) == 0 ? below(random, 100) : 0)};
    case 1:
        return overflow{};
    case 2:
        return local_timestamp{.ticks = 1 + below(random, 6), .one_byte = true};
    case 3:
        return local_timestamp{
            .ticks = below(random, 1U << 28U) >> below(random, 28),
            .relation = static_cast<timestamp_relation>(below(random, 4)),
        };
    case 4: {
        global_timestamp_low stamp{.size = static_cast<std::uint8_t>(1 + below(random, 4))};
        stamp.ticks = below(random, 1U << (stamp.size == 4 ? 26 : 7 * stamp.size));
        stamp.wrapped = stamp.size == 4 && below(random, 2) == 0;
        stamp.clock_changed = stamp.size == 4 && below(random, 2) == 0;
        return stamp;
    }
    case 5: {
        const bool wide = below(random, 2) == 0;
        const std::uint64_t ticks = random() & ((std::uint64_t{1} << (wide ? 38 : 22)) - 1);
        return global_timestamp_high{
            .ticks = ticks, .size = static_cast<std::uint8_t>(wide ? 6 : 4)
        };
    }
    case 6:
        return stimulus_page{static_cast<std::uint8_t>(below(random, 8))};
    case 7:
        return exception_trace{
            .number = static_cast<std::uint16_t>(below(random, 512)),
            .action = static_cast<exception_action>(1 + below(random, 3)),
        };
    case 8:
        return pc_sample{value};
    case 9:
        return data_value{
            .comparator = comparator, .written = below(random, 2) == 0, .size = size, .value = value
        };
    case 10:
        return data_address{.comparator = comparator, .size = size, .value = value};
    default:
        return software{
            .port = static_cast<std::uint8_t>(below(random, 2) == 0 ? 31 : below(random, 32)),
            .size = size,
            .value = value,
        };
    }
}

inline byte_string any_stream(random_source& random) {
    byte_string bytes;
    const std::uint32_t kind = below(random, 4);
    const std::uint32_t length = 1 + below(random, 40);
    for (std::uint32_t i = 0; i < length; ++i) {
        if (kind == 0)
            bytes.push_back(static_cast<std::uint8_t>(random()));
        else if (kind == 1)
            bytes.push_back(telling_byte(random));
        else
            encode_itm(any_packet(random), bytes);
    }
    for (std::uint32_t damage = kind == 3 ? 1 + below(random, 6) : 0; damage > 0; --damage) {
        const auto at =
            static_cast<std::ptrdiff_t>(below(random, static_cast<std::uint32_t>(bytes.size())));
        switch (below(random, 4)) {
        case 0:
            bytes[static_cast<std::size_t>(at)] ^=
                static_cast<std::uint8_t>(1U << below(random, 8));
            break;
        case 1:
            if (bytes.size() > 1) bytes.erase(bytes.begin() + at);
            break;
        case 2:
            bytes.insert(bytes.begin() + at, telling_byte(random));
            break;
        default:
            bytes.insert(bytes.begin() + at, below(random, 9), 0);
            break;
        }
    }
    return bytes;
}

/// Feeds `bytes` in pieces of up to `longest`.
inline void feed_in_pieces(
    decoder& to,
    const byte_string& bytes,
    std::uint32_t longest,
    random_source& random,
    packet_sink& sink
) {
    for (std::span<const std::uint8_t> rest(bytes); !rest.empty();) {
        const std::size_t size = std::min<std::size_t>(rest.size(), 1 + below(random, longest));
        to.feed(rest.first(size), sink);
        rest = rest.subspan(size);
    }
    to.finish(sink);
}

} // namespace drone::stream

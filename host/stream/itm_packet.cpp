// SPDX-License-Identifier: MIT
#include "stream/itm_packet.hpp"

#include "base/bytes.hpp"
#include "stream/dwt.hpp"
#include "stream/itm_header.hpp"

namespace drone::stream {

namespace {

using bytes_view = std::span<const std::uint8_t>;

/// Seven bits a byte, the low ones first; bit 7 is the continuation bit.
std::uint64_t continued_value(bytes_view payload) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < payload.size(); ++i)
        value |= static_cast<std::uint64_t>(payload[i] & 0x7FU) << 7 * i;
    return value;
}

packet decode_global_low(bytes_view payload) {
    const std::uint8_t last = payload.back();
    if ((last & 0x80U) != 0) return malformed{.what = defect::overlong};
    const auto ticks = static_cast<std::uint32_t>(continued_value(payload));
    global_timestamp_low stamp{.ticks = ticks, .size = static_cast<std::uint8_t>(payload.size())};
    if (payload.size() == 4) {
        stamp.ticks &= 0x03FF'FFFFU;
        stamp.clock_changed = (last & 0x20U) != 0;
        stamp.wrapped = (last & 0x40U) != 0;
    }
    return stamp;
}

packet decode_global_high(bytes_view payload) {
    if ((payload.back() & 0x80U) != 0) return malformed{.what = defect::overlong};
    if (payload.size() != 4 && payload.size() != 6) return malformed{.what = defect::bad_length};
    return global_timestamp_high{
        .ticks = continued_value(payload),
        .size = static_cast<std::uint8_t>(payload.size()),
    };
}

packet decode_local(std::uint8_t header, bytes_view payload) {
    if ((payload.back() & 0x80U) != 0) return malformed{.what = defect::overlong};
    return local_timestamp{
        .ticks = static_cast<std::uint32_t>(continued_value(payload)),
        .relation = static_cast<timestamp_relation>(header >> 4U & 3U),
    };
}

packet decode_extension(std::uint8_t header, bytes_view payload) {
    const bool hardware = (header & 0b0000'0100U) != 0;
    const auto low_bits = static_cast<std::uint8_t>(header >> 4U & 7U);
    if (payload.empty() && !hardware) return stimulus_page{low_bits};
    std::uint32_t value = low_bits;
    // The fourth byte has no continuation bit: eight bits of it are the value's top.
    for (std::size_t i = 0; i < payload.size(); ++i)
        value |= (i == 3 ? payload[i] : payload[i] & 0x7FU) << (3 + 7 * i);
    return extension{
        .value = value,
        .size = static_cast<std::uint8_t>(payload.size()),
        .hardware = hardware,
    };
}

} // namespace

packet decode_itm_packet(std::span<const std::uint8_t> bytes, std::uint8_t page) {
    const std::uint8_t header = bytes[0];
    const bytes_view payload = bytes.subspan(1);
    switch (header_kinds[header]) {
    case header_kind::overflow:
        return overflow{};
    case header_kind::local_short:
        return local_timestamp{
            .ticks = header >> 4U & 7U,
            .relation = timestamp_relation::exact,
            .one_byte = true,
        };
    case header_kind::local:
        return decode_local(header, payload);
    case header_kind::global_low:
        return decode_global_low(payload);
    case header_kind::global_high:
        return decode_global_high(payload);
    case header_kind::extension:
    case header_kind::extension_payload:
        return decode_extension(header, payload);
    case header_kind::software:
        return software{
            .port = static_cast<std::uint8_t>(page * 32U + source_address(header)),
            .size = static_cast<std::uint8_t>(payload.size()),
            .value = static_cast<std::uint32_t>(base::load_le(payload)),
        };
    case header_kind::hardware:
        return decode_hardware_source(
            source_address(header),
            static_cast<std::uint8_t>(payload.size()),
            static_cast<std::uint32_t>(base::load_le(payload))
        );
    case header_kind::zero:
    case header_kind::reserved:
        break;
    }
    return reserved{header};
}

} // namespace drone::stream

// SPDX-License-Identifier: MIT

#include "board/tpiu.hpp"

#include <array>

namespace drone::board {
namespace {

enum : std::uint32_t {
    sspsr = 0x000,
    cspsr = 0x004,
    acpr = 0x010,
    sppr = 0x0F0,
    ffsr = 0x300,
    ffcr = 0x304,
    devid = 0xFC8,
    devtype = 0xFCC,
};

} // namespace

std::uint32_t tpiu::read(std::uint32_t offset) const {
    switch (offset) {
    case sspsr:
    case cspsr:
        return 1;
    case acpr:
        return prescaler_;
    case sppr:
        return protocol_;
    case ffsr:
        return 8; // the formatter cannot be stopped
    case ffcr:
        return is_swo_alone_ ? 0U : formatter_;
    case devid:
        return is_swo_alone_ ? 0xEA0U : 0xCA1U; // both SWO encodings, as on an STM32H7 and F4
    case devtype:
        return 0x11;
    default:
        return 0;
    }
}

void tpiu::write(std::uint32_t offset, std::uint32_t value) {
    switch (offset) {
    case acpr:
        prescaler_ = value & 0x1FFFU;
        break;
    case sppr:
        protocol_ = value & 3U;
        break;
    case ffcr:
        if (framed() && (value & 2U) == 0) flush();
        formatter_ = value & 0x103U;
        break;
    default:
        break;
    }
}

std::uint64_t tpiu::cycles_per_byte() const {
    const std::uint64_t byte = std::uint64_t{10} * clocks_per_bit() * cycles_per_clock_;
    return framed() ? byte * 16 / frame_data_bytes : byte;
}

void tpiu::transmit(std::uint8_t byte, std::uint8_t id) {
    if (protocol_ != uart || !connected_) return;
    if (!framed()) {
        sent_.push_back(byte);
        return;
    }
    if (!frame_.empty() && id != frame_id_) flush();
    frame_id_ = id;
    frame_.push_back(byte);
    if (frame_.size() == frame_data_bytes) send_frame();
}

void tpiu::flush() {
    if (!frame_.empty()) send_frame();
}

// CoreSight architecture, formatter: byte 0 names the source; an even byte after it keeps only its
// upper seven bits, and byte 15 holds the lowest. Short frames end in a switch to source 0,
// padding: it takes an even place, so with an even number of bytes it goes before the last one and
// is flagged to count only from the byte after that.
void tpiu::send_frame() {
    constexpr std::uint8_t switch_to_padding = 0 << 1U | 1U;
    std::array<std::uint8_t, 16> frame{};
    const auto flag = [&frame](std::size_t place) {
        frame[15] = static_cast<std::uint8_t>(std::uint32_t{frame[15]} | 1U << place / 2);
    };
    frame[0] = static_cast<std::uint8_t>(std::uint32_t{frame_id_} << 1U | 1U);
    const std::size_t count = frame_.size();
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t place = i + 1;
        frame[place] = frame_[i];
        if (place % 2 == 0) {
            frame[place] &= 0xFEU;
            if ((frame_[i] & 1U) != 0) flag(place);
        }
    }
    if (count < frame_data_bytes && count % 2 == 1) frame[count + 1] = switch_to_padding;
    if (count < frame_data_bytes && count % 2 == 0) {
        frame[15] &= static_cast<std::uint8_t>(~(1U << count / 2));
        frame[count] = switch_to_padding;
        flag(count);
        frame[count + 1] = frame_[count - 1];
    }
    sent_.insert(sent_.end(), frame.begin(), frame.end());
    frame_.clear();
}

} // namespace drone::board

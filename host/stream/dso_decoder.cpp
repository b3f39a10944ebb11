// SPDX-License-Identifier: MIT
#include "stream/dso_decoder.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <utility>

namespace drone::stream {

namespace {

constexpr std::size_t header_size = 2;
constexpr std::size_t word = 4;

bool begins_packet(std::uint8_t byte) { return (byte & 0b1111'1110U) == 0b1001'0110U; }

} // namespace

void dso_decoder::feed(std::span<const std::uint8_t> bytes, packet_sink& sink) {
    for (const std::uint8_t byte : bytes)
        one_byte(byte, sink);
}

void dso_decoder::finish(packet_sink& sink) {
    end_unframed(sink);
    if (size_ == 0) return;
    malformed cut{.what = defect::truncated, .length = size_, .bytes = {}};
    std::copy_n(packet_.begin(), std::min(size_, cut.bytes.size()), cut.bytes.begin());
    sink.on_packet({.offset = offset_, .tentative = true, .value = cut});
    offset_ += std::exchange(size_, 0);
}

void dso_decoder::lose(std::uint64_t length, packet_sink& sink) {
    finish(sink);
    sink.on_packet({.offset = offset_, .tentative = true, .value = missing{length}});
}

void dso_decoder::one_byte(std::uint8_t byte, packet_sink& sink) {
    if (size_ == 0 || unframed_ != 0) {
        if (!begins_packet(byte)) {
            if (unframed_ < packet_.size()) packet_[unframed_] = byte;
            ++unframed_;
            return;
        }
        end_unframed(sink);
    }
    packet_[size_++] = byte;
    if (size_ >= header_size && size_ == header_size + (packet_[1] & 0xFU) + 1) write(sink);
}

/// The packet is whole.
void dso_decoder::write(packet_sink& sink) {
    const auto port = static_cast<std::uint8_t>((packet_[0] & 1U) << 4U | packet_[1] >> 4U);
    for (std::size_t at = header_size; at < size_; at += word) {
        const std::size_t size = std::min(word, size_ - at);
        const auto bytes = std::span<const std::uint8_t>(packet_).subspan(at, size);
        const software written{
            .port = port,
            .size = static_cast<std::uint8_t>(size),
            .value = static_cast<std::uint32_t>(base::load_le(bytes)),
        };
        const std::uint64_t offset = at == header_size ? offset_ : offset_ + at;
        sink.on_packet({.offset = offset, .tentative = true, .value = written});
    }
    offset_ += std::exchange(size_, 0);
}

void dso_decoder::end_unframed(packet_sink& sink) {
    if (unframed_ == 0) return;
    malformed bad{.what = defect::unframed, .length = unframed_, .bytes = {}};
    const std::size_t shown = bad.carried().size();
    std::copy_n(packet_.begin(), shown, bad.bytes.begin());
    sink.on_packet({.offset = offset_, .tentative = true, .value = bad});
    offset_ += std::exchange(unframed_, 0);
}

} // namespace drone::stream

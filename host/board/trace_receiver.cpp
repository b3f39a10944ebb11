// SPDX-License-Identifier: MIT

#include "board/trace_receiver.hpp"

#include <algorithm>
#include <optional>

namespace drone::board {
namespace {

/// What a UART at `baud` makes of a byte sent at `pin_baud`: start bit, 8 data bits, stop bit, then
/// an idle line, sampled in the middle of its own bits. Nothing: the stop bit was not seen.
std::optional<std::uint8_t> sampled(std::uint8_t byte, std::uint64_t pin_baud, std::uint64_t baud) {
    const unsigned line = 0xFFFF'FE00U | static_cast<unsigned>(byte) << 1U; // bit n is at time n
    unsigned seen = 0;
    for (unsigned bit = 1; bit <= 9; ++bit) {
        const std::uint64_t at = (2 * bit + 1) * pin_baud / (2 * baud);
        seen |= (at > 31 ? 1U : line >> at & 1U) << (bit - 1);
    }
    if (seen >> 8U == 0) return std::nullopt;
    return static_cast<std::uint8_t>(seen);
}

} // namespace

void trace_receiver::start(std::uint32_t baud, std::size_t buffer_bytes) {
    receives_ = baud != 0;
    baud_ = baud;
    buffer_bytes_ = buffer_bytes;
    buffer_.clear();
}

void trace_receiver::receive(std::span<const std::uint8_t> bytes, std::uint32_t pin_baud) {
    if (!receives_) return;
    for (const std::uint8_t byte : bytes) {
        const auto got = sampled(byte, pin_baud, baud_);
        if (!got) continue;
        if (buffer_.size() < buffer_bytes_)
            buffer_.push_back(*got);
        else
            ++lost_;
    }
}

void trace_receiver::take(std::span<std::uint8_t> to) {
    const std::size_t count = std::min(to.size(), buffer_.size());
    const auto end = buffer_.begin() + static_cast<std::ptrdiff_t>(count);
    std::ranges::fill(std::copy(buffer_.begin(), end, to.begin()), to.end(), std::uint8_t{0});
    buffer_.erase(buffer_.begin(), end);
}

} // namespace drone::board

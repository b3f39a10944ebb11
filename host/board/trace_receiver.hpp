// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>

namespace drone::board {

/// The probe's end of the SWO pin: a UART at a rate of its own, and a buffer that the host must
/// empty. At a wrong rate it gets wrong bytes, as a UART does; bytes without a stop bit are
/// dropped. Each byte is sampled as if the line had been idle before it.
class trace_receiver {
public:
    void start(std::uint32_t baud, std::size_t buffer_bytes);
    void stop() { receives_ = false; }

    /// Bytes that the pin sent at `pin_baud`. What finds no room in the buffer is lost.
    void receive(std::span<const std::uint8_t> bytes, std::uint32_t pin_baud);

    [[nodiscard]] bool receives() const { return receives_; }
    [[nodiscard]] std::size_t waiting() const { return buffer_.size(); }
    [[nodiscard]] std::size_t room() const {
        return buffer_bytes_ - (buffer_.size() < buffer_bytes_ ? buffer_.size() : buffer_bytes_);
    }
    /// Takes the oldest bytes; what there is not, is 0.
    void take(std::span<std::uint8_t> to);
    /// Bytes that found no room, ever.
    [[nodiscard]] std::size_t lost() const { return lost_; }

private:
    bool receives_ = false;
    std::uint32_t baud_ = 0;
    std::size_t buffer_bytes_ = 0;
    std::deque<std::uint8_t> buffer_;
    std::size_t lost_ = 0;
};

} // namespace drone::board

// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace drone::capture {

/// Bytes that were read together, or how the reading ended.
struct batch {
    std::vector<std::uint8_t> bytes;
    std::uint64_t arrived_microseconds = 0; ///< of the host's clock, since the capture began
    std::uint64_t lost = 0;                 ///< bytes that the transport lost before these
    bool ended = false;                     ///< the last one
    std::optional<error> failure{};         ///< why it ended
};

/// The bytes that were read and are not decoded yet, between the thread that reads a live source
/// and the thread that decodes and writes. A slow disk must not make the source overrun. The queue
/// is bounded; a reader that reaches the bound waits. Safe for one thread at each end.
class byte_queue {
public:
    explicit byte_queue(std::size_t limit_bytes) : limit_(limit_bytes) {}

    /// Waits for room. A batch that ends the reading always fits.
    void push(batch next);
    /// The oldest batch; nothing when none comes in time.
    [[nodiscard]] std::optional<batch> pop(std::chrono::milliseconds patience);
    /// From now on push() takes everything without waiting and drops it.
    void abandon();
    /// The part of the room that is in use, 0..1.
    [[nodiscard]] double fill() const;

private:
    mutable std::mutex mutex_;
    std::condition_variable came_;
    std::condition_variable went_;
    std::deque<batch> batches_;
    std::size_t limit_;
    std::size_t size_ = 0;
    bool abandoned_ = false;
};

} // namespace drone::capture

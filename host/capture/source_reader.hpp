// SPDX-License-Identifier: MIT
#pragma once

#include "capture/byte_queue.hpp"
#include "capture/source.hpp"
#include "capture/stop_signal.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

namespace drone::capture {

/// A thread that reads a source into a queue as fast as bytes come. So nothing is lost while the
/// rest of the program waits for a disk. It ends with the source, or soon after the user asked to
/// stop: for a bounded time it still reads what is on its way.
class source_reader {
public:
    using clock = std::chrono::steady_clock;

    /// `began` is the zero of the batches' arrival times. All three must outlive the reader.
    source_reader(source& from, byte_queue& to, const stop_signal& stop, clock::time_point began);
    /// Waits for the thread; the queue is abandoned.
    ~source_reader();
    source_reader(const source_reader&) = delete;
    source_reader& operator=(const source_reader&) = delete;

private:
    void read_all();
    [[nodiscard]] bool wait_for_input();
    [[nodiscard]] batch read_batch();

    source& from_;
    byte_queue& to_;
    const stop_signal& stop_;
    clock::time_point began_;
    std::vector<std::uint8_t> buffer_;
    std::optional<clock::time_point> stopped_; ///< when the user asked to stop
    bool will_end_ = false;                    ///< the source said so when it was asked to stop
    std::atomic<bool> leaving_ = false;        ///< no one pops any more
    std::jthread thread_;
};

} // namespace drone::capture

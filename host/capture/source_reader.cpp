// SPDX-License-Identifier: MIT
#include "capture/source_reader.hpp"

#include <algorithm>
#include <array>
#include <poll.h>

namespace drone::capture {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t batch_bytes = std::size_t{256} * 1024;
/// After a stop: a source that sends nothing for so long has nothing on its way.
constexpr auto drain_silence = 100ms;
/// After a stop: a source that does not end and never falls silent is left after so long.
constexpr auto drain_limit = 2000ms;
/// How long a wait lasts before the thread looks whether anyone still listens.
constexpr auto longest_wait = 200ms;

} // namespace

source_reader::source_reader(
    source& from, byte_queue& to, const stop_signal& stop, clock::time_point began
)
    : from_(from), to_(to), stop_(stop), began_(began), buffer_(batch_bytes),
      thread_([this] { read_all(); }) {}

source_reader::~source_reader() {
    leaving_ = true;
    to_.abandon();
}

void source_reader::read_all() {
    while (wait_for_input()) {
        batch next = read_batch();
        const bool ended = next.ended;
        if (ended || !next.bytes.empty() || next.lost != 0) to_.push(std::move(next));
        if (ended) return;
    }
    batch last;
    last.ended = true;
    to_.push(std::move(last));
}

/// Returns false when the capture is to end.
bool source_reader::wait_for_input() {
    for (;;) {
        if (leaving_) return false;
        if (stop_.requested() && !stopped_) {
            stopped_ = clock::now();
            will_end_ = from_.stop();
        }
        if (stopped_ && clock::now() - *stopped_ > drain_limit) return false;
        std::array<pollfd, 2> waiting{
            pollfd{.fd = from_.descriptor(), .events = POLLIN, .revents = 0},
            // Once it was seen it would be readable for ever.
            pollfd{.fd = stopped_ ? -1 : stop_.descriptor(), .events = POLLIN, .revents = 0},
        };
        const auto patience = stopped_ && !will_end_ ? drain_silence : longest_wait;
        const int ready = ::poll(waiting.data(), waiting.size(), static_cast<int>(patience / 1ms));
        if (waiting[0].revents != 0 && ready > 0) return true;
        if (ready == 0 && stopped_ && !will_end_) return false;
    }
}

/// Reads what is there, as much as a batch takes.
batch source_reader::read_batch() {
    batch next;
    const auto got = from_.read(buffer_);
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - began_);
    next.arrived_microseconds = static_cast<std::uint64_t>(now.count());
    if (got) {
        next.bytes.assign(buffer_.data(), buffer_.data() + got->size);
        next.ended = got->ended;
    } else {
        next.ended = true;
        next.failure = got.error();
    }
    next.lost = from_.lost();
    return next;
}

} // namespace drone::capture

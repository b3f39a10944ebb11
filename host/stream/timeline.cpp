// SPDX-License-Identifier: MIT
#include "stream/timeline.hpp"

namespace drone::stream {

void timeline::on_packet(const located_packet& found) {
    if (const auto* by = std::get_if<local_timestamp>(&found.value)) {
        stamp(*by);
        to_.on_packet(found, now_);
    } else if (!timed_) {
        to_.on_packet(found, now_);
    } else {
        held_.push_back(found);
        if (held_.size() < patience) return;
        release();
        timed_ = false;
    }
}

void timeline::on_run(const software_run& run) {
    if (timed_)
        packet_sink::on_run(run);
    else
        to_.on_run(run, now_);
}

void timeline::release() {
    for (const located_packet& waiting : held_)
        to_.on_packet(waiting, now_);
    held_.clear();
}

void timeline::stamp(const local_timestamp& by) {
    now_ = now_.value_or(0) + by.ticks;
    timed_ = true;
    release();
}

} // namespace drone::stream

// SPDX-License-Identifier: MIT
#include "stream/timeline.hpp"

namespace drone::stream {

void timeline::on_packet(const located_packet& found) {
    if (!wanted_) return to_.on_packet(found);
    if (const auto* by = std::get_if<local_timestamp>(&found.value)) return stamp(found, by->ticks);
    if (!timed_) return pass(found);
    held_.push_back(found);
    if (held_.size() < patience) return;
    release();
    timed_ = false;
}

void timeline::on_run(const software_run& run) {
    if (wanted_ && timed_) return packet_sink::on_run(run);
    software_run timed = run;
    timed.time = now_;
    to_.on_run(timed);
}

void timeline::release() {
    for (const located_packet& waiting : held_)
        pass(waiting);
    held_.clear();
}

void timeline::pass(located_packet found) {
    found.time = now_;
    to_.on_packet(found);
}

void timeline::stamp(const located_packet& found, std::uint32_t ticks) {
    now_ = now_.value_or(0) + ticks;
    timed_ = true;
    release();
    pass(found);
}

} // namespace drone::stream

// SPDX-License-Identifier: MIT
#include "stream/timeline.hpp"

namespace drone::stream {

void timeline::on_packet(const located_packet& found) {
    if (!what_.time) return to_.on_packet(found);
    if (const auto* by = std::get_if<local_timestamp>(&found.value)) return stamp(found, by->ticks);
    if (!timed_) return pass(found);
    held_.push_back(found);
    if (held_.size() < patience) return;
    release();
    timed_ = false;
}

void timeline::on_run(const software_run& run) {
    if (what_.time && timed_) return packet_sink::on_run(run);
    software_run timed = run;
    timed.time = now_;
    to_.on_run(timed);
}

void timeline::on_writes(const write_batch& batch) {
    write_batch timed = batch;
    timed.base = now_.value_or(0);
    if (!what_.time) {
        timed.timed = false;
        return to_.on_writes(timed);
    }
    if (batch.timed) {
        // What is held has the time of the first timestamp.
        const moment before = now_;
        now_ = timed.base + batch.first_ticks;
        release();
        now_ = before.value_or(0) + batch.passed;
        timed_ = true;
        timed.writes = batch.writes.first(batch.writes.size() - batch.waiting);
        if (!timed.writes.empty()) to_.on_writes(timed);
    }
    hold(batch);
}

/// Holds the writes of the batch that no timestamp followed, unless none is waited for.
void timeline::hold(const write_batch& batch) {
    write_batch rest{.writes = batch.writes.last(batch.waiting), .tentative = batch.tentative};
    if (rest.writes.empty()) return;
    if (timed_ && held_.size() + rest.writes.size() < patience) {
        for (const write_batch::write& one : rest.writes)
            held_.push_back({.tentative = rest.tentative, .value = one.packet()});
        return;
    }
    release();
    timed_ = false;
    rest.timed = now_.has_value();
    rest.base = now_.value_or(0);
    to_.on_writes(rest);
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

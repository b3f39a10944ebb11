// SPDX-License-Identifier: MIT
#include "trace/formats/native/follower.hpp"

#include "trace/formats/native/words.hpp"

namespace drone::trace {

void native_follower::feed(std::span<const std::byte> bytes) {
    for (; part_bytes_ != 0 && !bytes.empty(); bytes = bytes.subspan(1)) {
        part_ |= std::to_integer<std::uint32_t>(bytes.front()) << 8 * part_bytes_;
        if (++part_bytes_ < word_bytes) continue;
        read({part_});
        part_bytes_ = 0;
    }
    for (; bytes.size() >= word_bytes; bytes = bytes.subspan(word_bytes))
        read(load_word(bytes.data()));
    for (; !bytes.empty(); bytes = bytes.subspan(1)) {
        if (part_bytes_ == 0) part_ = 0;
        part_ |= std::to_integer<std::uint32_t>(bytes.front()) << 8 * part_bytes_++;
    }
    static_cast<void>(heap_.now()); // all changes reach the sink
}

void native_follower::read(wire::word w) {
    switch (w.op()) {
    case wire::operation::caller:
        return heap_.caller(w.code_address());
    case wire::operation::control:
        return control(w);
    case wire::operation::capture:
        return capture(w);
    default:
        if (knows_) event(w);
    }
}

void native_follower::event(wire::word w) {
    if (numbered_ && w.sequence() != next_) lose((w.sequence() - next_) % wire::sequence_period);
    numbered_ = true;
    next_ = (w.sequence() + 1) % wire::sequence_period;
    if (!heap_.event(w)) ++found_.damaged;
}

void native_follower::control(wire::word w) {
    if (is_of_announcement(w)) {
        if (const auto said = announcements_.feed(w)) know(*said);
        return;
    }
    switch (w.as_control()) {
    case wire::control::checkpoint: {
        heap_.forget_prefix();
        const std::uint32_t number = w.data() % wire::sequence_period;
        if (knows_ && numbered_ && number != next_) lose((number - next_) % wire::sequence_period);
        numbered_ = true;
        next_ = number;
        return;
    }
    case wire::control::dropped:
        found_.dropped_by_target += w.data();
        return;
    case wire::control::alignment:
        return heap_.alignment(w);
    case wire::control::size:
        return heap_.size(w.data());
    case wire::control::context:
        if (!heap_.context(w.data(), false)) ++found_.damaged;
        return;
    default:
        return;
    }
}

void native_follower::capture(wire::word w) {
    switch (w.as_capture()) {
    case wire::capture::target_ticks:
        return heap_.now().on_time(clock::target_ticks, w.data());
    case wire::capture::host_micros:
        return heap_.now().on_time(clock::microseconds, w.data());
    case wire::capture::gap:
        return lose(0);
    default:
        return;
    }
}

void native_follower::know(const announced_trace& said) {
    if (!knows_ || known_.heap != said.heap) {
        heap_.use(said.heap);
        heap_.begin_stretch(false);
    } else if (!said.continues()) {
        heap_.restart();
        heap_.begin_stretch(false);
        ++found_.restarts;
    }
    if (!said.continues()) numbered_ = false;
    knows_ = true;
    known_ = said;
}

void native_follower::lose(std::uint64_t events) {
    ++found_.gaps;
    found_.lost_events += events;
    heap_.break_off();
    heap_.now().on_gap(events);
}

} // namespace drone::trace

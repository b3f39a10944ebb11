// SPDX-License-Identifier: MIT

#include "trace/formats/native/numbering.hpp"

#include "trace/formats/native/words.hpp"

#include <algorithm>
#include <utility>

namespace drone::trace {

namespace {
constexpr std::uint64_t count_period = std::uint64_t{wire::data_mask} + 1;
} // namespace

// -- Stretches ------------------------------------------------------------------------------------

bool numbering::vouch_for(const stretch& s) const {
    if (s.ends != stretch::ending::check || !s.count) return false;
    if (s.starts_anew) return s.announced && *s.count == 0 && s.events == 0;
    if (!counted_) return false;
    std::uint64_t number = numbered_;
    for (std::size_t at = s.words.begin; at < s.words.end; at += word_bytes) {
        if (at >= s.twice.begin && at < s.twice.end) continue;
        const wire::word w = load_word(&bytes_[at]);
        if (w.is_control(wire::control::checkpoint)) return (number - w.data()) % count_period == 0;
        if (!w.is_event()) continue;
        if (w.sequence() != number % wire::sequence_period) return false;
        ++number;
    }
    return false;
}

bool numbering::goes_back(const stretch& s) const {
    if (!counted_ || !s.count || s.starts_anew) return false;
    const std::uint64_t behind = (numbered_ + s.events - *s.count) % count_period;
    return behind != 0 && behind < count_period / 2;
}

bool numbering::begin_stretch(const stretch& s, const announced_trace& known) {
    drops_ = known.drops();
    proven_ = s.proven;
    broken_ = s.begins_within;
    broke_ = false;
    surplus_.reset();
    if (counted_ && s.count && !s.starts_anew) {
        const std::uint64_t surplus = (numbered_ + s.events - *s.count) % count_period;
        surplus_ = surplus < count_period / 2 ? surplus : 0;
    }
    // Before version 2 digests do not cover checkpoints, so one alone is not believed.
    if (!s.proven || known.version < 2 || !s.count || drops_) return true;
    return settle_start(*s.count - s.events);
}

/// A proven stretch begins after so many events, modulo 2^24.
bool numbering::settle_start(std::uint32_t start) {
    const std::uint64_t ahead = (start - numbered_) % count_period;
    const bool was_counted = std::exchange(counted_, true);
    started_ = true;
    disagreement_ = 0;
    if (!was_counted) { // how much was lost before is not known
        numbered_ = start & wire::data_mask;
        return true;
    }
    if (ahead == 0) return true;
    const std::uint64_t passed = (start - last_proven_.numbered) % count_period;
    if (passed > count_period / 2) return false;
    const std::uint64_t read = found_.events - last_proven_.read;
    const std::uint64_t lost = passed > read ? passed - read : 0;
    const std::uint64_t known = found_.lost_events - last_proven_.lost;
    if (lost > known) {
        lose(lost - known);
    } else { // words that were none made believe that more was lost
        found_.lost_events -= known - lost;
        break_off();
    }
    numbered_ = last_proven_.numbered + passed;
    return true;
}

void numbering::end_stretch(const stretch& s) {
    if (s.proven) {
        found_.checked_until = numbered_ & wire::data_mask;
        last_proven_ = {numbered_, found_.events, found_.lost_events};
        return;
    }
    const bool contradicted = heap_.take_contradiction();
    if (s.ends == stretch::ending::file && !s.begins_within) {
        if (contradicted) note_gap();
        return;
    }
    // Where the trace begins, and where the target starts anew, no check is due.
    const bool due = s.ends == stretch::ending::check && s.words.begin >= word_bytes;
    if ((due && !broken_) || contradicted) note_gap();
    heap_.break_off();
}

void numbering::restart(std::uint32_t count) {
    numbered_ = count;
    started_ = counted_ = true;
    disagreement_ = 0;
    last_proven_ = {count, found_.events, found_.lost_events};
}

// -- Numbers --------------------------------------------------------------------------------------

numbering::verdict numbering::settle(wire::word w, std::size_t& at) {
    if (!started_) {
        started_ = true;
        numbered_ = w.sequence();
        return verdict::read;
    }
    const std::uint32_t ahead = (w.sequence() - next()) % wire::sequence_period;
    if (ahead == 0) return verdict::read;
    if (drops_) {
        lose(ahead);
        return verdict::read;
    }
    if (skip_repetition(ahead, at)) return verdict::leave_out;
    // The events that follow show whether the numbers went on from this word's, or this word is
    // wrong: an event with a changed number, or no event at all.
    const next_numbers follow(bytes_, at + word_bytes);
    const unsigned lost = follow.agree(w.sequence() + 1U);
    const unsigned changed = follow.agree(numbered_ + 1);
    const unsigned foreign = follow.agree(numbered_);
    if (std::max({lost, changed, foreign}) <= 1 && follow.seen() == next_numbers::count &&
        realign(at))
        return verdict::realigned;
    if (lost >= changed && lost >= foreign) {
        lose(ahead);
        return verdict::read;
    }
    if (changed >= foreign) ++numbered_;
    damaged();
    return verdict::leave_out;
}

/// Skips a run of events that is there twice: this one, whose number lies back, begins it.
bool numbering::skip_repetition(std::uint32_t ahead, std::size_t& at) {
    constexpr std::uint32_t longest = 256;
    // A checkpoint may have said that so much was lost.
    if (disagreement_ % wire::sequence_period == ahead) return false;
    std::uint32_t length = wire::sequence_period - ahead;
    std::size_t earlier = at;
    for (std::uint32_t events = 0; length <= longest;) {
        if (earlier < word_bytes) return false;
        earlier -= word_bytes;
        if (!load_word(&bytes_[earlier]).is_event() || ++events != length) continue;
        // The events of a loop are equal, too: without more events than the checkpoint counts none is
        // there twice.
        const bool is_counted = surplus_ && 2 * *surplus_ < length;
        if (const std::size_t end = is_counted ? 0 : end_of_copy(earlier, at)) {
            at = end;
            found_.repeated += length;
            return true;
        }
        length += wire::sequence_period;
    }
    return false;
}

/// Where the events from `earlier` to `at` end when they are said again from `at` on; else 0.
std::size_t numbering::end_of_copy(std::size_t earlier, std::size_t at) const {
    std::size_t later = at;
    for (; earlier < at; earlier += word_bytes) {
        const wire::word w = load_word(&bytes_[earlier]);
        if (!w.is_event()) continue;
        while (later + word_bytes <= bytes_.size() && !load_word(&bytes_[later]).is_event())
            later += word_bytes;
        if (later + word_bytes > bytes_.size() || load_word(&bytes_[later]) != w) return 0;
        later += word_bytes;
    }
    return later;
}

/// Bytes are missing or too many: looks for the alignment at which numbers follow on each other.
bool numbering::realign(std::size_t& at) {
    for (std::size_t shift = 1; shift < word_bytes; ++shift) {
        if (!numbers_follow(bytes_, at + shift)) continue;
        at += shift;
        damaged();
        return true;
    }
    return false;
}

/// `count` events were numbered before this word, modulo 2^24. A checkpoint that disagrees may
/// itself be damaged, so what it says is believed once the next one says the same; but at once
/// where the target drops events, for there most disagree.
bool numbering::checkpoint(std::uint32_t count, std::size_t at) {
    if (!started_) {
        started_ = counted_ = true;
        numbered_ = count;
        return true;
    }
    const std::uint64_t ahead = (count - numbered_) % count_period;
    if (ahead == 0) {
        if (disagreement_ != 0) ++found_.damaged;
        disagreement_ = 0;
        counted_ = true;
        return true;
    }
    const next_numbers follow(bytes_, at + word_bytes);
    if (!drops_ && follow.seen() != 0 && follow.agree(count) == 0) {
        damaged();
        return true;
    }
    if (!counted_) { // how much was lost before cannot be told
        counted_ = true;
        numbered_ = count;
        heap_.break_off();
        return true;
    }
    if (drops_) {
        const std::uint64_t behind = count_period - ahead;
        if (behind <= found_.lost_events)
            find(behind);
        else
            lose(ahead);
        return true;
    }
    const bool confirmed = ahead == disagreement_;
    disagreement_ = confirmed ? 0 : ahead;
    if (!confirmed) {
        break_off();
        return true;
    }
    if (ahead > count_period / 2) return false;
    lose(ahead);
    return true;
}

// -- Loss and damage ------------------------------------------------------------------------------

void numbering::damaged() {
    ++found_.damaged;
    break_off();
}

void numbering::lose(std::uint64_t events) {
    found_.lost_events += events;
    numbered_ += events;
    disagreement_ = disagreement_ > events ? disagreement_ - events : 0;
    break_off(events);
}

/// So many events fewer are missing than a changed number made believe.
void numbering::find(std::uint64_t events) {
    found_.lost_events -= events;
    numbered_ -= events;
    ++found_.damaged;
    break_off();
}

void numbering::note_gap(std::uint64_t events) {
    const bool is_new = std::exchange(broken_at_, found_.events) != found_.events;
    if (is_new) ++found_.gaps;
    if (is_new || events != 0) heap_.now().on_gap(events);
}

void numbering::break_off(std::uint64_t events) {
    broken_ = broke_ = true;
    note_gap(events);
    heap_.break_off();
}

void numbering::finish() {
    if (disagreement_ != 0 && disagreement_ <= 1U << 20U) found_.lost_events += disagreement_;
}

} // namespace drone::trace

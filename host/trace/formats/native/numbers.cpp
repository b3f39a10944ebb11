// SPDX-License-Identifier: MIT

#include "trace/formats/native/reader.hpp"
#include "trace/formats/native/words.hpp"

#include <algorithm>
#include <utility>

namespace drone::trace {

// -- Numbers --------------------------------------------------------------------------------------

/// Makes the event's number the next one. False when the word is no event to be read.
bool native_reader::settle_number(wire::word w) {
    if (!started_) {
        started_ = true;
        numbered_ = w.sequence();
        digest_whole_ = false;
        return true;
    }
    const std::uint32_t ahead = (w.sequence() - next()) % wire::sequence_period;
    if (ahead == 0) return true;
    if (drops()) {
        lose(ahead);
        return true;
    }
    if (skip_repetition(ahead)) return false;
    // The events that follow tell whether the numbers went on from this word's, or this word is
    // wrong: an event with a changed number, or no event at all.
    const next_numbers follow(bytes_, at_ + word_bytes);
    const unsigned lost = follow.agree(w.sequence() + 1U);
    const unsigned changed = follow.agree(numbered_ + 1);
    const unsigned foreign = follow.agree(numbered_);
    if (std::max({lost, changed, foreign}) <= 1 && follow.seen() == next_numbers::count &&
        realign())
        return false;
    if (lost >= changed && lost >= foreign) {
        lose(ahead);
        return true;
    }
    if (changed >= foreign) ++numbered_;
    damaged();
    return false;
}

/// Skips a run of events that stands twice: this one, whose number lies back, begins it.
bool native_reader::skip_repetition(std::uint32_t ahead) {
    constexpr std::uint32_t longest = 8;
    const std::uint32_t length = wire::sequence_period - ahead;
    // A checkpoint may have said that so much was lost.
    if (length > longest || disagreement_ % wire::sequence_period == ahead) return false;
    std::size_t earlier = at_;
    for (std::uint32_t events = 0; events < length;) {
        if (earlier < word_bytes) return false;
        earlier -= word_bytes;
        if (load_word(&bytes_[earlier]).is_event()) ++events;
    }
    std::size_t later = at_;
    for (const std::size_t end = at_; earlier < end; earlier += word_bytes) {
        const wire::word w = load_word(&bytes_[earlier]);
        if (!w.is_event()) continue;
        while (later + word_bytes <= bytes_.size() && !load_word(&bytes_[later]).is_event())
            later += word_bytes;
        if (later + word_bytes > bytes_.size() || load_word(&bytes_[later]) != w) return false;
        later += word_bytes;
    }
    at_ = later;
    found_.repeated += length;
    return true;
}

/// Bytes are missing or too many: looks for the alignment at which numbers follow on each other.
bool native_reader::realign() {
    constexpr unsigned convincing = 4;
    for (std::size_t shift = 1; shift < word_bytes; ++shift) {
        if (count_successions(bytes_, at_ + shift) < convincing) continue;
        at_ += shift;
        damaged();
        return true;
    }
    return false;
}

/// Whether the next word of the target is a checkpoint.
bool native_reader::stands_before_a_checkpoint() const {
    for (std::size_t at = at_ + word_bytes; at + word_bytes <= bytes_.size(); at += word_bytes) {
        const wire::word w = load_word(&bytes_[at]);
        if (w.op() == wire::operation::capture) continue;
        return w.op() == wire::operation::control && w.as_control() == wire::control::checkpoint;
    }
    return false;
}

// -- Checks ---------------------------------------------------------------------------------------

/// `count` events were numbered before this word, modulo 2^24. A checkpoint that disagrees may
/// itself be damaged, so what it says is believed once the next one says the same; but at once
/// where the target drops events, for there most disagree.
void native_reader::checkpoint(std::uint32_t count) {
    constexpr std::uint64_t period = std::uint64_t{wire::data_mask} + 1;
    prefix_ = {}; // what was said before it is said again
    if (!started_) {
        started_ = counted_ = true;
        numbered_ = count;
        digest_whole_ = count == 0;
        return;
    }
    const std::uint64_t ahead = (count - numbered_) % period;
    const next_numbers follow(bytes_, at_ + word_bytes);
    if (!drops() && ahead != 0 && follow.seen() != 0 && follow.agree(count) == 0) return damaged();
    if (starts_anew_ && count == 0) return restart(count);
    if (!counted_) { // how much was lost before cannot be told
        counted_ = true;
        numbered_ = count;
        return doubt();
    }
    if (ahead != 0 && drops()) {
        const std::uint64_t behind = period - ahead;
        return behind <= found_.lost_events ? find(behind) : lose(ahead);
    }
    if (ahead != 0) {
        const bool confirmed = ahead == disagreement_;
        disagreement_ = confirmed ? 0 : ahead;
        if (!confirmed) return break_off();
        if (ahead > period / 2) return restart(count); // the announcement that said so was lost
        return lose(ahead);
    }
    if (disagreement_ != 0) ++found_.damaged;
    disagreement_ = 0;
    if ((flags_ & wire::flag_digests) == 0) check_agreed();
}

/// A digest covers the words since the last one. Where some of them are missing it says nothing.
void native_reader::digest(wire::word w) {
    const bool agrees = wire::make_digest(std::exchange(digest_, 0)) == w;
    if (!std::exchange(digest_whole_, true)) return doubt();
    if (agrees) return check_agreed();
    break_off();
    digest_whole_ = true;
}

void native_reader::check_agreed() {
    found_.double_frees += std::exchange(pending_double_frees_, 0);
    found_.contradictions += std::exchange(pending_contradictions_, 0);
    found_.checked_until = numbered_ & wire::data_mask;
    certain_.check();
}

// -- Loss and damage ------------------------------------------------------------------------------

/// A word that cannot be true.
void native_reader::damaged() {
    ++found_.damaged;
    break_off();
}

/// `events` numbered events are missing here; 0: how many is not known, if any.
void native_reader::lose(std::uint64_t events) {
    found_.lost_events += events;
    numbered_ += events;
    disagreement_ = disagreement_ > events ? disagreement_ - events : 0;
    to_.now().on_gap(events);
    break_off();
}

/// What the host, the numbers and the blocks tell of one place is one gap.
void native_reader::note_gap() {
    if (std::exchange(broken_at_, found_.events) != found_.events) ++found_.gaps;
}

/// Words are missing here, or may be.
void native_reader::break_off() {
    pending_contradictions_ = 0; // explained
    note_gap();
    prefix_.caller = 0; // may be a lost event's
    context_ = no_context;
    digest_whole_ = false;
    doubt();
}

/// So many events fewer are missing than a changed number made believe.
void native_reader::find(std::uint64_t events) {
    found_.lost_events -= events;
    numbered_ -= events;
    ++found_.damaged;
    break_off();
}

/// Nothing that was seen so far is certain any more.
void native_reader::doubt() {
    if (std::exchange(pending_contradictions_, 0) != 0) note_gap();
    found_.suspected_double_frees += std::exchange(pending_double_frees_, 0);
    certain_.break_off();
}

/// The target started again, or ran for a while with nobody listening.
void native_reader::restart(std::uint32_t count) {
    starts_anew_ = false;
    if (found_.events != 0) {
        empty_heap();
        ++found_.restarts;
    }
    numbered_ = count;
    counted_ = true;
    context_ = no_context;
    disagreement_ = 0;
    digest_ = 0;
    digest_whole_ = true;
}

} // namespace drone::trace

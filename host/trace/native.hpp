// SPDX-License-Identifier: MIT
#pragma once

// Reads native heap traces (wire.hpp): words to changes, at memory speed.
//
// The usual word is an event whose number is the next one and which fits what its block did before;
// it takes the short path. Whatever else happens takes the long path (native_reader::unusual):
// loss, damage, control words, the host's own words.
//
// What is certain. A sequence number shows what was lost modulo 32, a checkpoint the rest. So the
// trace is cut into stretches that end at a checkpoint or a break, and a statement is certain only
// when every stretch that it rests on ended at a checkpoint that agreed. Everything else is told,
// but not as certain. A change, though, is always consistent (sink.hpp).

#include "error.hpp"
#include "trace/findings.hpp"
#include "trace/native_layout.hpp"
#include "trace/sink.hpp"

#include <drone/wire.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace drone::trace {

/// The word at that byte offset, which need not be aligned.
[[nodiscard]] inline wire::word load_word(std::span<const std::byte> bytes, std::size_t at) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, bytes.data() + at, sizeof bits);
    if constexpr (std::endian::native == std::endian::big) bits = __builtin_bswap32(bits);
    return {bits};
}

/// Whether the bytes hold a complete announcement, at any of the four alignments of words.
struct found_announcement {
    announcement_parser::announced announced;
    std::size_t phase = 0; ///< of the words in the file, 0..3
};
[[nodiscard]] std::optional<found_announcement> find_announcement(std::span<const std::byte> bytes);

template <class Sink>
class native_reader {
public:
    native_reader(std::span<const std::byte> bytes, found_announcement first, Sink& sink)
        : bytes_(bytes), at_(first.phase), sink_(sink) {
        use_heap(std::move(first.announced.heap));
    }

    findings read() {
        while (at_ + sizeof(wire::word) <= bytes_.size()) {
            const wire::word w = word_at(at_);
            if (!usual(w)) unusual(w);
            at_ += sizeof(wire::word);
        }
        finish();
        return found_;
    }

private:
    // -- The state of a block: what was asked for, and in which stretch it last changed -----------

    /// size | alignment's log2 << 25 of a live block, 0 when it is free.
    using request = std::uint32_t;
    static constexpr unsigned size_bits = 25;
    static constexpr std::uint32_t size_mask = (1U << size_bits) - 1;

    struct block_state {
        request asked = 0;
        std::uint32_t stretch = 0; ///< of the last change; 0: none seen
    };

    static constexpr request make_request(std::uint32_t size, std::uint32_t alignment_log2) {
        return size | alignment_log2 << size_bits;
    }

    change make_change(std::uint32_t block, request asked, bool gives_back) const {
        return {
            .block = block,
            .size = asked & size_mask,
            .caller = caller_,
            .alignment_log2 = static_cast<std::uint8_t>(asked >> size_bits),
            .gives_back = gives_back,
        };
    }

    [[nodiscard]] wire::word word_at(std::size_t at) const { return load_word(bytes_, at); }

    /// The short path. False when the word needs the long one; nothing has changed then.
    bool usual(wire::word w) {
        constexpr unsigned short_path =
            1U << static_cast<unsigned>(wire::operation::allocate) |
            1U << static_cast<unsigned>(wire::operation::deallocate) |
            1U << static_cast<unsigned>(wire::operation::allocate_aligned);
        const auto op = static_cast<unsigned>(w.op());
        if (w.sequence() != next() || (short_path >> op & 1U) == 0 || !plain_) return false;
        const block_map::place place = map_.find(w.data());
        if (place.first_byte == UINT32_MAX) return false;
        block_state& state = blocks_[place.block];
        const bool gives_back = w.op() == wire::operation::deallocate;
        const std::uint32_t within = w.data() - place.first_byte;
        const request asked =
            gives_back ? state.asked
                       : make_request(within + 1, w.op() == wire::operation::allocate ? 2 : 3);
        const bool fits = gives_back ? state.asked != 0 && within == 0 : state.asked == 0;
        if (!fits) return false;
        state = {.asked = gives_back ? 0 : asked, .stretch = stretch_};
        ++numbered_;
        ++found_.events;
        sink_.on_change(make_change(place.block, asked, gives_back));
        return true;
    }

    /// What the words before an event say of it.
    struct prefix {
        std::uint32_t caller = 0;
        std::uint32_t alignment_log2 = 0;
    };
    static constexpr std::size_t nesting_limit = 16;

    // -- The long path
    // -----------------------------------------------------------------------------

    void unusual(wire::word w);
    void event(wire::word w);
    bool settle_number(wire::word w);
    void allocate(wire::word w, std::uint32_t alignment_log2);
    void deallocate(wire::word w);
    void resize(wire::word w);
    void control(wire::word w);
    void checkpoint(std::uint32_t count);
    void restart(std::uint32_t count);
    void capture(wire::word w);
    void damaged(bool was_numbered);
    void lose(std::uint64_t events);
    void break_off();
    void use_heap(traced_heap heap);
    void empty_heap();
    void finish();

    void push_prefix(prefix p) {
        if (prefixes_.size() == nesting_limit) prefixes_.clear();
        prefixes_.push_back(p);
        plain_ = false;
    }
    void take(std::uint32_t block, request asked);
    void give_back(std::uint32_t block);

    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    Sink& sink_;
    findings found_;

    announcement_parser announcements_;
    traced_heap heap_;
    block_map map_;
    std::vector<block_state> blocks_;

    [[nodiscard]] std::uint32_t next() const {
        return static_cast<std::uint32_t>(numbered_ % wire::sequence_period);
    }

    std::uint64_t numbered_ = 0; ///< events passed, lost ones included: the next event's number
    bool started_ = false;       ///< a number was seen
    bool counted_ = false;       ///< numbered_ agrees with the target's own count
    bool starts_anew_ = false;   ///< as the last announcement said
    bool plain_ = false;         ///< started, and no prefix is waiting for its event

    std::uint32_t stretch_ = 1;    ///< that words are read in now
    std::uint32_t good_since_ = 1; ///< every stretch from here to before stretch_ is checked
    std::uint64_t pending_double_frees_ = 0; ///< of this stretch

    std::vector<prefix> prefixes_; ///< words that belong to an event still to come, innermost last
    std::uint32_t caller_ = 0;     ///< of the event in hand
};

// ------------------------------------------------------------------------------------------------

template <class Sink>
void native_reader<Sink>::unusual(wire::word w) {
    switch (w.op()) {
    case wire::operation::caller:
        push_prefix({.caller = w.code_address()});
        break;
    case wire::operation::control:
        control(w);
        break;
    case wire::operation::capture:
        capture(w);
        break;
    default:
        event(w);
        break;
    }
}

template <class Sink>
void native_reader<Sink>::event(wire::word w) {
    if (!settle_number(w)) return;
    ++numbered_;
    ++found_.events;

    std::uint32_t alignment_log2 = w.op() == wire::operation::allocate_aligned ? 3 : 2;
    caller_ = 0;
    if (!prefixes_.empty()) {
        caller_ = prefixes_.back().caller;
        if (w.op() == wire::operation::allocate_aligned && prefixes_.back().alignment_log2 != 0)
            alignment_log2 = prefixes_.back().alignment_log2;
        prefixes_.pop_back();
    }
    plain_ = prefixes_.empty();
    switch (w.op()) {
    case wire::operation::deallocate:
        deallocate(w);
        break;
    case wire::operation::resize:
        resize(w);
        break;
    case wire::operation::failed:
        ++found_.failures;
        sink_.on_failure({.size = w.data(), .caller = caller_});
        break;
    default:
        allocate(w, alignment_log2);
        break;
    }
    caller_ = 0;
}

/// Makes the event's number the next one. False when the word is to be skipped.
template <class Sink>
bool native_reader<Sink>::settle_number(wire::word w) {
    if (!started_) {
        started_ = true;
        numbered_ = w.sequence();
        return true;
    }
    const std::uint32_t ahead = (w.sequence() - next()) % wire::sequence_period;
    if (ahead == 0) return true;

    if (ahead == wire::sequence_period - 1 && at_ >= 4 && word_at(at_ - 4) == w) {
        ++found_.repeated;
        return false;
    }
    // The two events that follow tell whether the numbers went on ahead, or only this word is
    // wrong.
    std::array<std::uint32_t, 2> follow{};
    std::size_t seen = 0;
    for (std::size_t at = at_ + 4, words = 0; seen < 2 && words < 32 && at + 4 <= bytes_.size();
         at += 4, ++words)
        if (const wire::word other = word_at(at); other.is_event())
            follow[seen++] = other.sequence();
    const auto is = [&](std::size_t i, std::uint32_t number) {
        return follow[i] == number % wire::sequence_period;
    };
    if (seen == 2 && is(0, next() + 1) && is(1, next() + 2)) {
        damaged(true);
        return false;
    }
    if (seen == 2 && is(0, next()) && is(1, next() + 1)) {
        damaged(false);
        return false;
    }
    lose(ahead);
    return true;
}

template <class Sink>
void native_reader<Sink>::take(std::uint32_t block, request asked) {
    blocks_[block] = {.asked = asked, .stretch = stretch_};
    sink_.on_change(make_change(block, asked, false));
}

template <class Sink>
void native_reader<Sink>::give_back(std::uint32_t block) {
    const request asked = blocks_[block].asked;
    blocks_[block] = {.asked = 0, .stretch = stretch_};
    sink_.on_change(make_change(block, asked, true));
}

template <class Sink>
void native_reader<Sink>::allocate(wire::word w, std::uint32_t alignment_log2) {
    const block_map::place place = map_.find(w.data());
    if (place.first_byte == UINT32_MAX) return damaged(false);
    if (blocks_[place.block].asked != 0) { // its deallocation is missing
        if (blocks_[place.block].stretch >= good_since_) lose(0);
        give_back(place.block);
    }
    take(place.block, make_request(w.data() - place.first_byte + 1, alignment_log2));
}

template <class Sink>
void native_reader<Sink>::deallocate(wire::word w) {
    const block_map::place place = map_.find(w.data());
    if (place.first_byte != w.data()) return damaged(false);
    block_state& state = blocks_[place.block];
    if (state.asked != 0) return give_back(place.block);
    if (state.stretch >= good_since_) {
        ++pending_double_frees_;
    } else {
        ++found_.freed_unknown;
        state.stretch = stretch_;
    }
}

template <class Sink>
void native_reader<Sink>::resize(wire::word w) {
    const block_map::place place = map_.find(w.data());
    if (place.first_byte == UINT32_MAX) return damaged(false);
    block_state& state = blocks_[place.block];
    const std::uint32_t size = w.data() - place.first_byte + 1;
    if (state.asked == 0) { // taken before the capture began, or in a gap
        if (state.stretch >= good_since_) lose(0);
        return take(place.block, make_request(size, 2));
    }
    const request before = state.asked;
    const request after = make_request(size, before >> size_bits);
    state = {.asked = after, .stretch = stretch_};
    sink_.on_resize(make_change(place.block, before, true), make_change(place.block, after, false));
}

template <class Sink>
void native_reader<Sink>::control(wire::word w) {
    switch (w.as_control()) {
    case wire::control::checkpoint:
        checkpoint(w.data());
        break;
    case wire::control::dropped:
        found_.dropped_by_target += w.data();
        found_.lost_events += w.data();
        lose(0); // what was dropped was never numbered
        break;
    case wire::control::alignment:
        if (w.data() >= 32)
            damaged(false);
        else if (!prefixes_.empty() && prefixes_.back().alignment_log2 == 0)
            prefixes_.back().alignment_log2 = w.data();
        else
            push_prefix({.alignment_log2 = w.data()});
        break;
    case wire::control::begin:
    case wire::control::heap_size:
    case wire::control::pool_block:
    case wire::control::pool_capacity:
    case wire::control::layout_end:
        if (auto heap = announcements_.feed(w)) {
            starts_anew_ = (heap->flags & wire::flag_continues) == 0;
            if (heap->heap != heap_) {
                empty_heap();
                use_heap(std::move(heap->heap));
            }
        }
        break;
    default:
        damaged(false);
        break;
    }
}

/// `count` events were numbered before this word, modulo 2^24.
template <class Sink>
void native_reader<Sink>::checkpoint(std::uint32_t count) {
    constexpr std::uint64_t period = std::uint64_t{wire::data_mask} + 1;
    if (!started_) {
        started_ = plain_ = counted_ = true;
        numbered_ = count;
        return;
    }
    if (starts_anew_ && count == 0) return restart(count);
    if (!counted_) { // how much was lost before cannot be told
        lose((count - numbered_) % wire::sequence_period);
        numbered_ = count;
        counted_ = true;
        return;
    }
    const std::uint64_t ahead = (count - numbered_) % period;
    if (ahead > period / 2) return restart(count); // the announcement that said so was lost
    if (ahead != 0) return lose(ahead);
    found_.double_frees += pending_double_frees_;
    pending_double_frees_ = 0;
    ++stretch_;
}

/// The target started again, or ran for a while with nobody listening.
template <class Sink>
void native_reader<Sink>::restart(std::uint32_t count) {
    starts_anew_ = false;
    if (found_.events != 0) {
        empty_heap();
        ++found_.restarts;
    }
    numbered_ = count;
    counted_ = true;
}

template <class Sink>
void native_reader<Sink>::capture(wire::word w) {
    switch (w.as_capture()) {
    case wire::capture::target_ticks:
        sink_.on_time(clock::target_ticks, w.data());
        break;
    case wire::capture::host_micros:
        sink_.on_time(clock::microseconds, w.data());
        break;
    case wire::capture::gap:
        lose(0);
        break;
    default:
        damaged(false);
        break;
    }
}

/// A word that cannot be true. `was_numbered`: it stands where an event was.
template <class Sink>
void native_reader<Sink>::damaged(bool was_numbered) {
    ++found_.damaged;
    if (was_numbered) ++numbered_;
    break_off();
}

template <class Sink>
void native_reader<Sink>::lose(std::uint64_t events) {
    found_.lost_events += events;
    numbered_ += events;
    ++found_.gaps;
    sink_.on_gap(events);
    break_off();
}

/// Nothing that was seen so far is certain any more.
template <class Sink>
void native_reader<Sink>::break_off() {
    found_.suspected_double_frees += pending_double_frees_;
    pending_double_frees_ = 0;
    prefixes_.clear();
    plain_ = started_;
    good_since_ = ++stretch_;
}

template <class Sink>
void native_reader<Sink>::use_heap(traced_heap heap) {
    heap_ = std::move(heap);
    map_ = block_map(heap_);
    blocks_.assign(map_.block_count(), {});
    sink_.on_heap(heap_);
}

/// The program that held these blocks is gone.
template <class Sink>
void native_reader<Sink>::empty_heap() {
    break_off();
    for (std::uint32_t block = 0; block < blocks_.size(); ++block)
        if (blocks_[block].asked != 0) give_back(block);
    blocks_.assign(blocks_.size(), {});
}

template <class Sink>
void native_reader<Sink>::finish() {
    found_.suspected_double_frees += pending_double_frees_;
    for (std::uint32_t block = 0; block < blocks_.size(); ++block) {
        const block_state& state = blocks_[block];
        if (state.asked == 0) continue;
        const bool certain = state.stretch >= good_since_ && state.stretch < stretch_;
        sink_.on_live(make_change(block, state.asked, false), certain);
    }
    if (at_ < bytes_.size()) found_.notices.push_back("The file ends within a word: it was cut.");
}

} // namespace drone::trace

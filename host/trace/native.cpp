// SPDX-License-Identifier: MIT

#include "trace/native.hpp"

#include "trace/certainty.hpp"
#include "trace/native_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace drone::trace {

namespace {

using wire::operation;

/// A live block's size and its alignment's log2 in one number; 0 is a free block.
class request {
public:
    request() = default;
    explicit request(std::uint32_t bits) : bits_(bits) {}
    request(std::uint32_t size, std::uint32_t alignment_log2)
        : bits_(size | alignment_log2 << size_bits) {}

    [[nodiscard]] std::uint32_t bits() const { return bits_; }
    [[nodiscard]] bool is_free() const { return bits_ == 0; }
    [[nodiscard]] std::uint32_t size() const { return bits_ & ((1U << size_bits) - 1); }
    [[nodiscard]] std::uint8_t alignment_log2() const {
        return static_cast<std::uint8_t>(bits_ >> size_bits);
    }

private:
    static constexpr unsigned size_bits = 25; // a block may be as large as the largest heap
    std::uint32_t bits_ = 0;
};

struct block_state {
    request asked;
    std::uint32_t stretch = 0; ///< in which it last changed; 0: none was seen
};

/// What was said of events still to come.
struct prefix {
    std::uint32_t caller = 0;  ///< of the next one
    wire::word alignment = {}; ///< of one of the next ones

    friend bool operator==(const prefix&, const prefix&) = default;
};

class native_reader {
public:
    native_reader(std::span<const std::byte> bytes, const announced_trace& first, sink& to)
        : bytes_(bytes), to_(to), flags_(first.flags) {
        use_heap(first.heap);
    }

    findings read() {
        while (at_ + word_bytes <= bytes_.size()) {
            read_usual();
            if (to_.free() == 0)
                to_.flush();
            else if (at_ + word_bytes <= bytes_.size())
                read_unusual(load_word(&bytes_[at_]));
        }
        finish();
        return found_;
    }

private:
    void read_usual();
    void read_unusual(wire::word w);

    void event(wire::word w);
    bool settle_number(wire::word w);
    bool skip_repetition(std::uint32_t ahead);
    bool realign();
    void allocate(wire::word w, std::uint32_t alignment_log2);
    void allocate_aligned(wire::word w);
    void deallocate(wire::word w);
    void resize(wire::word w);
    void fail(wire::word w);

    void control(wire::word w);
    void dropped(std::uint32_t events);
    void announcement(wire::word w);
    void checkpoint(std::uint32_t count);
    void digest(wire::word w);
    void capture(wire::word w);
    [[nodiscard]] bool stands_for_an_event() const;
    void check_agreed();

    void damaged();
    void lose(std::uint64_t events);
    void break_off();
    void doubt();
    void restart(std::uint32_t count);

    void use_heap(traced_heap heap);
    void empty_heap();
    void take(std::uint32_t block, request asked);
    void give_back(std::uint32_t block);
    void presume_free(std::uint32_t block);
    void finish();

    [[nodiscard]] std::uint32_t next() const {
        return static_cast<std::uint32_t>(numbered_ % wire::sequence_period);
    }
    [[nodiscard]] change make_change(std::uint32_t block, request asked, bool gives_back) const {
        return {block, asked.size(), prefix_.caller, asked.alignment_log2(), gives_back, context_};
    }

    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    batch to_;
    findings found_;

    std::uint32_t flags_;
    traced_heap heap_;
    announcement_parser announcements_;
    block_map map_;
    std::vector<block_state> blocks_;

    // Numbers.
    std::uint64_t numbered_ = 0; ///< events that passed, lost ones included: the next one's number
    bool started_ = false;       ///< a number was seen
    bool counted_ = false;       ///< numbered_ is the target's own count, modulo 2^24
    bool starts_anew_ = false;   ///< as the last announcement said
    std::uint64_t disagreement_ = 0; ///< of the last checkpoint, until the next one confirms it
    std::uint32_t digest_ = 0;       ///< of the events since the last digest word
    bool digest_whole_ = true;       ///< nothing is missing in it

    // Certainty.
    certainty certain_;
    std::uint64_t broken_at_ = UINT64_MAX;   ///< after so many events, last
    std::uint64_t pending_double_frees_ = 0; ///< of this stretch

    prefix prefix_; ///< of the next event, or the one in hand
    std::uint16_t context_ = no_context;
};

// -- Words ----------------------------------------------------------------------------------------

/// Reads events as long as each has the next number and fits what its block did before. This loop
/// is what the speed of `drone heap` rests on: no branch on what cannot be predicted (operation,
/// block, size), everything in registers.
void native_reader::read_usual() {
    if (!started_ || prefix_ != prefix{}) return;
    constexpr unsigned usual = 1U << static_cast<unsigned>(operation::allocate) |
                               1U << static_cast<unsigned>(operation::deallocate) |
                               1U << static_cast<unsigned>(operation::allocate_aligned);
    const std::byte* const begin = &bytes_[at_];
    const std::byte* const end =
        begin + std::min((bytes_.size() - at_) / word_bytes, to_.free()) * word_bytes;
    const std::span<const block_map::place> places = map_.places();
    block_state* const blocks = blocks_.data();
    const std::uint32_t stretch = certain_.stretch();
    const std::uint16_t context = context_;
    std::uint32_t number = next() << 24U;
    std::uint32_t digest = digest_;
    change* made = to_.room();

    const std::byte* at = begin;
    for (; at != end; at += word_bytes) {
        const wire::word w = load_word(at);
        const auto op = static_cast<unsigned>(w.op());
        const std::uint32_t granule_index = w.data() / granule;
        if ((usual >> op & 1U) == 0 || (w.bits & 0x1F00'0000U) != number ||
            granule_index >= places.size()) [[unlikely]]
            break;
        const block_map::place place = places[granule_index];
        block_state& state = blocks[place.block];
        // A block is taken when it is free, and given back by its first byte when it is not. Masks,
        // for the compiler makes branches of conditions.
        const std::uint32_t gives_back = op == static_cast<unsigned>(operation::deallocate) ? 1 : 0;
        const std::uint32_t mask = 0 - gives_back;
        const std::uint32_t within = w.data() - place.first_byte;
        const std::uint32_t is_live = state.asked.bits() != 0 ? 1 : 0;
        if (((gives_back ^ is_live) | (within & mask)) != 0) [[unlikely]]
            break;
        const std::uint32_t taken = request(within + 1, 2 + op / 4).bits() & ~mask;
        const request asked(taken | (state.asked.bits() & mask));
        state = {request(taken), stretch};
        made->block = place.block;
        made->size = asked.size();
        made->caller = 0;
        made->alignment_log2 = asked.alignment_log2();
        made->gives_back = gives_back != 0;
        made->context = context;
        ++made;
        digest = wire::digest(digest, w);
        number = (number + 0x0100'0000U) & 0x1F00'0000U;
    }

    const auto events = static_cast<std::size_t>(at - begin) / word_bytes;
    at_ += events * word_bytes;
    digest_ = digest;
    numbered_ += events;
    found_.events += events;
    to_.written(events);
}

void native_reader::read_unusual(wire::word w) {
    const std::size_t at = at_;
    if (wire::in_digest(w) && !w.is_event()) digest_ = wire::digest(digest_, w);
    switch (w.op()) {
    case operation::caller:
        prefix_ = {.caller = w.code_address()};
        break;
    case operation::control:
        control(w);
        break;
    case operation::capture:
        capture(w);
        break;
    default:
        event(w);
        break;
    }
    if (at_ == at) at_ += word_bytes; // else realigned
}

void native_reader::event(wire::word w) {
    if (!settle_number(w)) return;
    ++numbered_;
    ++found_.events;
    digest_ = wire::digest(digest_, w);

    switch (w.op()) {
    case operation::deallocate:
        deallocate(w);
        break;
    case operation::resize:
        resize(w);
        break;
    case operation::failed:
        fail(w);
        break;
    case operation::allocate_aligned:
        allocate_aligned(w);
        break;
    default:
        allocate(w, 2);
        break;
    }
    prefix_.caller = 0;
}

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

// -- Events ---------------------------------------------------------------------------------------

void native_reader::take(std::uint32_t block, request asked) {
    blocks_[block] = {asked, certain_.stretch()};
    to_.change(make_change(block, asked, false));
}

void native_reader::give_back(std::uint32_t block) {
    const request asked = std::exchange(blocks_[block], {{}, certain_.stretch()}).asked;
    to_.change(make_change(block, asked, true));
}

/// The event that said so is missing.
void native_reader::presume_free(std::uint32_t block) {
    const request asked = std::exchange(blocks_[block], {{}, certain_.stretch()}).asked;
    to_.change({
        .block = block,
        .size = asked.size(),
        .alignment_log2 = asked.alignment_log2(),
        .gives_back = true,
    });
}

void native_reader::allocate(wire::word w, std::uint32_t alignment_log2) {
    const block_map::place place = map_.find(w.data());
    if (place.first_byte == UINT32_MAX) return damaged();
    const block_state& state = blocks_[place.block];
    if (!state.asked.is_free()) { // its deallocation is missing
        const prefix said = prefix_;
        if (certain_.unbroken_since(state.stretch)) lose(0);
        prefix_ = said;
        presume_free(place.block);
    }
    take(place.block, {w.data() - place.first_byte + 1, alignment_log2});
}

void native_reader::allocate_aligned(wire::word w) {
    const std::uint32_t said = wire::alignment_log2(prefix_.alignment, w);
    if (said != 0) prefix_.alignment = {};
    allocate(w, std::max(said, 3U));
}

void native_reader::deallocate(wire::word w) {
    const block_map::place place = map_.find(w.data());
    if (place.first_byte != w.data()) return damaged();
    block_state& state = blocks_[place.block];
    if (!state.asked.is_free()) return give_back(place.block);
    if (certain_.unbroken_since(state.stretch)) {
        ++pending_double_frees_;
    } else {
        ++found_.freed_unknown;
        state.stretch = certain_.stretch();
    }
}

void native_reader::resize(wire::word w) {
    const block_map::place place = map_.find(w.data());
    if (place.first_byte == UINT32_MAX) return damaged();
    block_state& state = blocks_[place.block];
    const std::uint32_t size = w.data() - place.first_byte + 1;
    if (state.asked.is_free()) { // taken before the capture began, or in a gap
        if (certain_.unbroken_since(state.stretch)) lose(0);
        return take(place.block, {size, 2});
    }
    const request before = state.asked;
    const request after(size, before.alignment_log2());
    state = {after, certain_.stretch()};
    to_.resize(make_change(place.block, before, true), make_change(place.block, after, false));
}

void native_reader::fail(wire::word w) {
    ++found_.failures;
    to_.now().on_failure({.size = w.data(), .caller = prefix_.caller, .context = context_});
}

// -- What is no event -----------------------------------------------------------------------------

/// Whether the numbers say that an event should stand where this word does: it was one, and changed
/// on its way.
bool native_reader::stands_for_an_event() const {
    const next_numbers follow(bytes_, at_ + word_bytes);
    return started_ && follow.agree(numbered_ + 1) > follow.agree(numbered_);
}

void native_reader::control(wire::word w) {
    switch (w.as_control()) {
    case wire::control::begin:
    case wire::control::heap_size:
    case wire::control::pool_block:
    case wire::control::pool_capacity:
    case wire::control::layout_end:
        return announcement(w);
    default:
        break;
    }
    switch (w.as_control()) {
    case wire::control::checkpoint:
        return checkpoint(w.data());
    case wire::control::digest:
        return digest(w);
    case wire::control::dropped:
        if (stands_for_an_event()) return damaged();
        return dropped(w.data());
    case wire::control::alignment:
        prefix_.alignment = w;
        return;
    case wire::control::context:
        if (w.data() >= wire::context_limit) return damaged();
        context_ = static_cast<std::uint16_t>(w.data());
        return;
    default:
        return damaged();
    }
}

/// `events` that were never numbered: nothing is wrong with the words, but blocks may have changed.
void native_reader::dropped(std::uint32_t events) {
    found_.dropped_by_target += events;
    found_.lost_events += events;
    ++found_.gaps;
    to_.now().on_gap(events);
    doubt();
}

void native_reader::announcement(wire::word w) {
    auto said = announcements_.feed(w);
    if (!said) return;
    flags_ = said->flags;
    starts_anew_ = (flags_ & wire::flag_continues) == 0;
    if (said->heap == heap_) return;
    empty_heap();
    use_heap(std::move(said->heap));
}

/// `count` events were numbered before this word, modulo 2^24. A checkpoint that disagrees may
/// itself be damaged, so what it says is believed once the next one says the same.
void native_reader::checkpoint(std::uint32_t count) {
    constexpr std::uint64_t period = std::uint64_t{wire::data_mask} + 1;
    if (!started_) {
        started_ = counted_ = true;
        numbered_ = count;
        digest_whole_ = count == 0;
        return;
    }
    const std::uint64_t ahead = (count - numbered_) % period;
    const next_numbers follow(bytes_, at_ + word_bytes);
    if (ahead != 0 && follow.seen() != 0 && follow.agree(count) == 0) return damaged();
    if (starts_anew_ && count == 0) return restart(count);
    if (!counted_) { // how much was lost before cannot be told
        counted_ = true;
        numbered_ = count;
        return doubt();
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
    found_.checked_until = numbered_ & wire::data_mask;
    certain_.check();
}

void native_reader::capture(wire::word w) {
    switch (w.as_capture()) {
    case wire::capture::target_ticks:
        to_.now().on_time(clock::target_ticks, w.data());
        break;
    case wire::capture::host_micros:
        to_.now().on_time(clock::microseconds, w.data());
        break;
    case wire::capture::gap:
        lose(0);
        break;
    default:
        damaged();
        break;
    }
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

/// Words are missing here, or may be.
void native_reader::break_off() {
    // What the host and the numbers tell of one place is one gap.
    if (std::exchange(broken_at_, found_.events) != found_.events) ++found_.gaps;
    prefix_ = {};
    context_ = no_context;
    digest_whole_ = false;
    doubt();
}

/// Nothing that was seen so far is certain any more.
void native_reader::doubt() {
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

// -- The heap -------------------------------------------------------------------------------------

void native_reader::use_heap(traced_heap heap) {
    heap_ = std::move(heap);
    map_ = block_map(heap_);
    blocks_.assign(map_.block_count(), {});
    to_.now().on_heap(heap_);
}

/// The program that held these blocks is gone.
void native_reader::empty_heap() {
    for (std::uint32_t block = 0; block < blocks_.size(); ++block)
        if (!blocks_[block].asked.is_free()) presume_free(block);
    blocks_.assign(blocks_.size(), {});
    doubt();
}

void native_reader::finish() {
    found_.suspected_double_frees += pending_double_frees_;
    if (disagreement_ != 0 && disagreement_ <= 1U << 20U) found_.lost_events += disagreement_;
    sink& to = to_.now();
    for (std::uint32_t block = 0; block < blocks_.size(); ++block) {
        const auto& [asked, stretch] = blocks_[block];
        if (!asked.is_free())
            to.on_live(make_change(block, asked, false), certain_.checked_since(stretch));
    }
    if (at_ < bytes_.size())
        found_.notices.emplace_back("The file ends within a word: it was cut.");
    if (found_.restarts != 0)
        found_.notices.push_back(fmt::format(
            "The target started anew {} times, or ran with nobody listening; the heap counts as "
            "empty from there on.",
            found_.restarts
        ));
}

} // namespace

std::optional<announced_trace> find_announcement(std::span<const std::byte> bytes) {
    for (std::size_t phase = 0; phase < word_bytes; ++phase) {
        announcement_parser parser;
        for (std::size_t at = phase; at + word_bytes <= bytes.size(); at += word_bytes) {
            const wire::word w = load_word(&bytes[at]);
            if (w.op() != operation::control) continue;
            if (auto announced = parser.feed(w)) return announced;
        }
    }
    return std::nullopt;
}

findings read_native(std::span<const std::byte> bytes, const announced_trace& first, sink& to) {
    return native_reader(bytes, first, to).read();
}

} // namespace drone::trace

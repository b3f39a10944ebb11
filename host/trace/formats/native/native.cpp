// SPDX-License-Identifier: MIT

#include "trace/formats/native/native.hpp"

#include "trace/formats/native/reader.hpp"
#include "trace/formats/native/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace drone::trace {

using wire::operation;

findings native_reader::read(const std::function<void(std::size_t)>& passed) {
    constexpr std::size_t often = std::size_t{16} << 20U;
    std::size_t said = 0;
    // Numbers alone would not do: a short trace has few, and its other bytes can look like some.
    at_ = known_.at % word_bytes;
    if (at_ != 0) {
        ++found_.damaged;
        found_.notices.emplace_back("The file begins inside a word: its beginning was cut off.");
    }
    while (at_ + word_bytes <= bytes_.size()) {
        if (at_ - said >= often) {
            said = at_;
            if (passed) passed(at_);
        }
        stretch s = std::exchange(realigned_, false)
                        ? stretches_.next_unproven(at_, known_)
                        : stretches_.next(at_, known_, numbers_.numbered());
        open(s);
        read_words(s);
        if (realigned_) continue;
        if (s.twice == s.words) continue;
        numbers_.end_stretch(now_);
        if (now_.proven) last_check_ = found_.events;
    }
    finish();
    return std::move(found_);
}

// -- Stretches ------------------------------------------------------------------------------------

void native_reader::open(stretch& s) {
    const bool old = known_.version < 2 && !s.under_announced;
    if (old) {
        if (s.has_fragments || numbers_.disagrees()) layout_doubted_ = true;
        if (s.announced) layout_doubted_ = false;
        const bool counts = known_.drops() || numbers_.vouch_for(s);
        s.proven = (s.proven || !known_.digests()) && counts && !layout_doubted_;
    }
    const std::uint32_t start = s.count.value_or(0) - s.events;
    if (numbers_.goes_back(s) && stretches_.came_before(s)) s.twice = s.words;
    const bool anew =
        s.starts_anew && s.announced && (s.proven || (s.count == 0U && s.events == 0));
    if (s.announced && (s.under_announced || anew)) know(*s.announced);
    if (anew || s.under_announced) restart(start);
    if (s.twice == s.words) s.proven = true; // nothing of it is read
    // Where a check disagrees, the word that is missing may be a `stack` word, which has no number.
    const bool is_open = s.ends != stretch::ending::check || !s.count;
    heap_.begin_stretch(s.proven, is_open);
    if (s.twice != s.words && !numbers_.begin_stretch(s, known_)) {
        went_back(start);
        heap_.begin_stretch(s.proven, is_open);
    }
    heap_.doubt(!s.proven && s.ends == stretch::ending::check);
    now_ = s;
    now_.announced.reset();
}

void native_reader::read_words(const stretch& s) {
    while (at_ + word_bytes <= s.words.end) {
        const bool before_copy = at_ < s.twice.begin && !s.twice.empty();
        if (!s.twice.empty() && at_ == s.twice.begin) {
            skip(s.twice);
            continue;
        }
        const std::size_t end = before_copy ? s.twice.begin : s.words.end;
        if (numbers_.started() && !heap_.has_prefix() && read_usual(end)) continue;
        if (!read_unusual(load_word(&bytes_[at_]))) return;
    }
    at_ = std::max(at_, s.words.end);
}

void native_reader::skip(word_range twice) {
    for (std::size_t at = twice.begin; at < twice.end; at += word_bytes)
        if (load_word(&bytes_[at]).op() != operation::capture) ++found_.repeated;
    at_ = twice.end;
}

// -- Words ----------------------------------------------------------------------------------------

/// Reads events as long as each has the next number and fits what its block did before. False when
/// the first does not.
bool native_reader::read_usual(std::size_t end) {
    const wire::word first = load_word(&bytes_[at_]);
    if (first.op() == operation::caller && !has_stacks()) return read_called(end);
    if (!first.is_event()) return false;
    constexpr std::size_t most = heap_state::followed_at_once * word_bytes;
    const auto rest = bytes_.subspan(at_, std::min((end - at_) / word_bytes * word_bytes, most));
    const std::size_t numbered = count_numbered(rest, numbers_.next(), heap_.end());
    const std::size_t events = heap_.follow(rest.first(numbered * word_bytes));
    at_ += events * word_bytes;
    numbers_.pass(events);
    return events != 0;
}

/// The same, of events with callers.
bool native_reader::read_called(std::size_t end) {
    const auto rest = bytes_.subspan(at_, end - at_);
    // Most of what does not fit shows at once, and is not worth taking apart.
    if (rest.size() < 2 * word_bytes) return false;
    if (count_numbered(rest.subspan(word_bytes, word_bytes), numbers_.next(), heap_.end()) == 0)
        return false;
    called_.read(rest);
    const std::size_t numbered = count_numbered(called_.events(), numbers_.next(), heap_.end());
    const std::size_t events =
        heap_.follow(called_.events().first(numbered * word_bytes), called_.callers());
    at_ += 2 * events * word_bytes;
    numbers_.pass(events);
    return events != 0;
}

/// False: words lie at other places from here on.
bool native_reader::read_unusual(wire::word w) {
    switch (w.op()) {
    case operation::caller:
        if (has_stacks())
            stacks_.frame(w.code_address());
        else
            heap_.caller(w.code_address());
        break;
    case operation::control:
        control(w);
        break;
    case operation::capture:
        capture(w);
        break;
    default:
        return event(w);
    }
    at_ += word_bytes;
    return true;
}

bool native_reader::event(wire::word w) {
    const std::size_t at = at_;
    switch (numbers_.settle(w, at_)) {
    case numbering::verdict::realigned:
        realigned_ = true;
        return false;
    case numbering::verdict::leave_out:
        if (at_ == at) at_ += word_bytes; // else words were skipped
        heap_.forget_stack();
        return true;
    case numbering::verdict::read:
        break;
    }
    if (numbers_.take_break() && !known_.digests()) reopen();
    numbers_.pass(1);
    if (!heap_.event(w)) numbers_.damaged();
    at_ += word_bytes;
    return true;
}

/// In a trace without digests the numbers may vouch for what follows a break.
void native_reader::reopen() {
    now_.words.begin = at_;
    now_.starts_anew = false;
    now_.proven = numbers_.vouch_for(now_);
    if (!now_.proven) return;
    heap_.begin_stretch(true);
    heap_.doubt(false);
}

void native_reader::control(wire::word w) {
    if (is_of_announcement(w)) {
        auto said = announcements_.feed(w);
        if (said && (!now_.proven || known_.version < 2)) know(*said);
        return;
    }
    switch (w.as_control()) {
    case wire::control::checkpoint:
        heap_.forget_prefix(); // what was said before it is said again
        if (!numbers_.checkpoint(w.data(), at_)) went_back(w.data());
        return;
    case wire::control::digest_1:
        known_.flags |= wire::flag_digests_1;
        return;
    case wire::control::digest:
        return;
    case wire::control::dropped:
        if (!stands_before_a_checkpoint()) return numbers_.damaged();
        found_.dropped_by_target += w.data();
        return;
    case wire::control::alignment:
        return heap_.alignment(w);
    case wire::control::size:
        return heap_.size(w.data());
    case wire::control::stack:
        if (!has_stacks()) return numbers_.damaged();
        return heap_.stack(stacks_.stack(w.data()));
    case wire::control::frames:
        if (!has_stacks()) return numbers_.damaged();
        return stacks_.begin(w);
    case wire::control::context:
        if (!heap_.context(w.data(), now_.proven)) numbers_.damaged();
        return;
    default:
        return numbers_.damaged();
    }
}

void native_reader::capture(wire::word w) {
    switch (w.as_capture()) {
    case wire::capture::target_ticks:
        heap_.now().on_time(clock::target_ticks, w.data());
        break;
    case wire::capture::host_micros:
        heap_.now().on_time(clock::microseconds, w.data());
        break;
    case wire::capture::gap:
        if (!now_.proven) heap_.forget_stack();
        // A suspicion: where the stretch is proven nothing of this port was lost, and where the
        // trace ends without a check, numbers show what was.
        if (!now_.proven && (now_.ends != stretch::ending::file || now_.begins_within))
            numbers_.lose(0);
        break;
    default:
        numbers_.damaged();
        break;
    }
}

/// Whether the next word of the target is a checkpoint.
bool native_reader::stands_before_a_checkpoint() const {
    for (std::size_t at = at_ + word_bytes; at + word_bytes <= bytes_.size(); at += word_bytes) {
        const wire::word w = load_word(&bytes_[at]);
        if (w.op() == operation::capture) continue;
        return w.is_control(wire::control::checkpoint);
    }
    return false;
}

// -- The target -----------------------------------------------------------------------------------

/// What the target says of itself from here on.
void native_reader::know(const announced_trace& said) {
    const std::uint32_t digests = known_.flags & wire::flag_digests_1;
    const bool same = known_.version == said.version && known_.heap == said.heap;
    known_ = said;
    if (known_.version < 2) known_.flags |= digests; // a flag may be damaged; digests were seen
    if (same) return;
    heap_.use(known_.heap);
    stacks_.forget();
    const std::uint32_t identity = known_.heap.identity;
    if (identity != 0 && std::ranges::find(found_.identities, identity) == found_.identities.end())
        found_.identities.push_back(identity);
}

/// The target started again, or ran for a while with nobody listening.
void native_reader::restart(std::uint32_t count) {
    if (found_.events != 0) {
        heap_.restart();
        ++found_.restarts;
    }
    numbers_.restart(count);
}

/// The count of events went back, and no announcement says why.
void native_reader::went_back(std::uint32_t count) {
    ++went_back_;
    layout_doubted_ = true;
    restart(count);
}

void native_reader::finish() {
    numbers_.finish();
    found_.unchecked_events = found_.events - last_check_;
    heap_.finish();
    if (at_ < bytes_.size())
        found_.notices.emplace_back("The file ends inside a word: it was cut off.");
    if (found_.restarts > went_back_)
        found_.notices.push_back(fmt::format(
            "Restarts of the target, or pauses while nobody listened: {}. After each, the heap counts "
            "as empty.",
            found_.restarts - went_back_
        ));
    if (went_back_ != 0)
        found_.notices.push_back(fmt::format(
            "Event counts that went back without an announcement: {}. The target restarted, or a probe "
            "sent data twice. After each, the heap counts as empty.",
            went_back_
        ));
}

std::optional<announced_trace> find_announcement(std::span<const std::byte> bytes) {
    std::optional<announced_trace> first;
    for (std::size_t phase = 0; phase < word_bytes; ++phase) {
        announcement_parser parser;
        for (std::size_t at = phase; at + word_bytes <= bytes.size(); at += word_bytes) {
            const wire::word w = load_word(&bytes[at]);
            if (w.op() != operation::control) continue;
            auto announced = parser.feed(w);
            if (!announced) continue;
            first = std::move(announced);
            first->at = at;
            bytes = bytes.first(at); // the other phases can only have an earlier one
        }
    }
    return first;
}

namespace {

/// The version of what looks like the announcement of a version that is not known: its first words
/// are as they ever were, and its last is not far. Nothing else can be said of it.
std::optional<std::uint32_t> newer_announcement(std::span<const std::byte> bytes) {
    using wire::control;
    constexpr std::uint32_t versions = 16;
    constexpr std::size_t most_unknown = 8; // words between pools and end
    const auto is = [&](std::size_t place, control what) {
        const std::size_t begin = place * word_bytes;
        return begin + word_bytes <= bytes.size() && load_word(&bytes[begin]).is_control(what);
    };
    if (!is(0, control::begin) || !is(1, control::heap_size)) return std::nullopt;
    const wire::announced_heap said = wire::decode_begin(load_word(bytes.data()));
    if (said.version <= wire::version || said.version >= versions) return std::nullopt;
    if (said.alignment < granule || said.alignment > alignment_limit) return std::nullopt;
    const auto data = [&](std::size_t place) {
        return load_word(&bytes[place * word_bytes]).data();
    };
    const std::uint32_t size = data(1) + 1;
    std::vector<pool_spec> pools;
    std::size_t end = 2;
    for (; pools.size() < said.pool_count; end += 2) {
        if (!is(end, control::pool_block) || !is(end + 1, control::pool_capacity))
            return std::nullopt;
        pools.push_back({data(end), data(end + 1)});
    }
    const bool can_be =
        pools.empty()
            ? is(end, control::region) && data(end) < size
            : check_layout(pools.data(), pools.size(), size, said.alignment) == layout_error::none;
    if (!can_be) return std::nullopt;
    for (std::size_t more = 0; more < most_unknown; ++more)
        if (is(end + more, control::layout_end)) return said.version;
    return std::nullopt;
}

} // namespace

std::optional<std::uint32_t> find_newer_version(std::span<const std::byte> bytes) {
    for (std::size_t at = 0; at + word_bytes <= bytes.size(); ++at)
        if (const auto version = newer_announcement(bytes.subspan(at))) return version;
    return std::nullopt;
}

findings read_native(
    std::span<const std::byte> bytes,
    const announced_trace& first,
    sink& to,
    const std::function<void(std::size_t)>& passed
) {
    return native_reader(bytes, first, to).read(passed);
}

} // namespace drone::trace

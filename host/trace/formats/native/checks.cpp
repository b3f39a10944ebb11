// SPDX-License-Identifier: MIT

#include "trace/formats/native/checks.hpp"

#include "trace/formats/native/version_1.hpp"

#include <algorithm>
#include <utility>

namespace drone::trace {

namespace {

using wire::control;
using wire::operation;

/// Sums words up as the target of a trace does, from one digest to the next.
class digest_sum {
public:
    explicit digest_sum(const announced_trace& with) : old_(with.version < 2), sum_(with.seed) {}

    void add(wire::word w) {
        if (!old_)
            sum_ = wire::digest(sum_, w);
        else if (version_1::in_digest(w))
            sum_ = version_1::digest(sum_, w);
    }
    /// Adds the words from the first on that are events or callers. Returns how many.
    ///
    /// Every word of a trace passes here before it is read.
    [[nodiscard]] plain_words add_plain(std::span<const std::byte> words) {
        const plain_words plain = count_plain(words);
        const auto added = words.first(plain.count * word_bytes);
        if (!old_) {
            sum_ = digest(sum_, added);
            return plain;
        }
        for (std::size_t at = 0; at < added.size(); at += word_bytes)
            sum_ = version_1::digest(sum_, load_word(&added[at]));
        return plain;
    }
    [[nodiscard]] bool agrees(wire::word digest) const {
        return digest == (old_ ? version_1::make_digest(sum_) : wire::make_digest(sum_));
    }

private:
    bool old_;
    std::uint32_t sum_;
};

bool is_digest(wire::word w) {
    return w.is_control(control::digest) || w.is_control(control::digest_1);
}

bool starts_anew(wire::word w) {
    if (!w.is_control(control::begin)) return false;
    const wire::announced_heap said = wire::decode_begin(w);
    return (said.flags & wire::flag_continues) == 0 && is_known_version(said.version);
}

bool differ(const announced_trace& a, const announced_trace& b) {
    return a.seed != b.seed || a.version != b.version;
}

/// Equal words that follow each other at so great a distance are not looked for, words.
constexpr std::size_t farthest = std::size_t{1} << 16U;

} // namespace

stretch
stretch_finder::scan(std::size_t at, const announced_trace& with, word_range left_out) const {
    stretch found{.words = {at, bytes_.size()}, .twice = left_out};
    announcement_parser announcements;
    digest_sum sum(with);
    bool first = true;
    const auto end = [&](stretch::ending how, std::size_t where) {
        found.ends = how;
        found.words.end = where;
    };
    for (; at + word_bytes <= bytes_.size(); at += word_bytes) {
        if (at >= left_out.begin && at < left_out.end) {
            at = left_out.end - word_bytes;
            continue;
        }
        const std::size_t stop = at < left_out.begin ? left_out.begin : bytes_.size();
        if (const plain_words plain = sum.add_plain(bytes_.subspan(at, stop - at));
            plain.count != 0) {
            first = false;
            if (!found.count)
                found.events += static_cast<std::uint32_t>(plain.count - plain.callers);
            at += (plain.count - 1) * word_bytes;
            continue;
        }
        const wire::word w = load_word(&bytes_[at]);
        if (w.op() == operation::capture) continue;
        if (starts_anew(w)) {
            if (!first) {
                end(stretch::ending::restart, at);
                break;
            }
            found.starts_anew = true;
        }
        first = false;
        if (is_digest(w)) {
            found.proven = with.digests() && sum.agrees(w);
            end(stretch::ending::check, at + word_bytes);
            break;
        }
        sum.add(w);
        if (auto whole = announcements.feed(w)) found.announced = std::move(whole);
        if (w.as_control() == control::checkpoint && !found.count) {
            found.count = w.data();
            if (with.digests()) continue;
            end(stretch::ending::check, at + word_bytes);
            break;
        }
    }
    found.has_fragments = announcements.saw_fragments();
    return found;
}

stretch stretch_finder::next(
    std::size_t at, const announced_trace& known, std::optional<std::uint64_t> numbered
) {
    stretch found = scan(at, known);
    if (found.ends != stretch::ending::check) return found;
    if (!found.proven && found.announced && differ(*found.announced, known)) {
        stretch other = scan(at, *found.announced);
        if (other.proven) {
            found = std::move(other);
            found.under_announced = true;
        }
    }
    const bool anew = found.starts_anew && found.announced;
    if (!found.proven) {
        const announced_trace with = anew ? *found.announced : known;
        if (with.digests()) prove_without_repetition(found, with, anew ? 0 : numbered);
    }
    const std::size_t last = found.words.end - word_bytes;
    last_digests_[digests_++ % last_digests_.size()] = {load_word(&bytes_[last]), last};
    return found;
}

stretch stretch_finder::next_unproven(std::size_t at, const announced_trace& known) {
    word_range& end = ends_[at % word_bytes];
    if (at < end.begin || at >= end.end) end = {at, scan(at, known).words.end};
    stretch found{.words = {at, end.end}};
    found.begins_within = true;
    found.ends =
        end.end + word_bytes > bytes_.size() ? stretch::ending::file : stretch::ending::check;
    return found;
}

// -- Words that are repeated ----------------------------------------------------------------------

namespace {

/// The places of the target's words; the capture's own are skipped.
class target_words {
public:
    target_words(std::span<const std::byte> bytes, std::size_t begin, std::size_t end)
        : bytes_(bytes) {
        for (std::size_t at = begin; at + word_bytes <= std::min(end, bytes.size());
             at += word_bytes)
            if (load_word(&bytes[at]).op() != operation::capture) places_.push_back(at);
    }

    [[nodiscard]] std::size_t count() const { return places_.size(); }
    [[nodiscard]] wire::word operator[](std::size_t i) const {
        return load_word(&bytes_[places_[i]]);
    }
    [[nodiscard]] std::size_t place(std::size_t i) const { return places_[i]; }
    /// Index of the word at that byte. Requires that one is there.
    [[nodiscard]] std::size_t index_of(std::size_t at) const {
        return static_cast<std::size_t>(std::ranges::lower_bound(places_, at) - places_.begin());
    }
    /// Bytes of `length` words from index `first` on. Requires that they are there.
    [[nodiscard]] word_range range(std::size_t first, std::size_t length) const {
        return {places_[first], places_[first + length - 1] + word_bytes};
    }

private:
    std::span<const std::byte> bytes_;
    std::vector<std::size_t> places_;
};

} // namespace

void stretch_finder::prove_without_repetition(
    stretch& found, const announced_trace& with, std::optional<std::uint64_t> numbered
) const {
    const auto proves = [&](std::optional<word_range> twice) {
        if (!twice || twice->begin < found.words.begin) return false;
        stretch without = scan(found.words.begin, with, *twice);
        if (!without.proven) return false;
        found = std::move(without);
        return true;
    };
    if (proves(find_repetition(found)) || !numbered || !found.count) return;
    if (const auto events = events_too_many(found, *numbered))
        try_repetitions(found, *events, proves);
}

/// By the last of its checkpoints, which may be repeated, too. Nothing where events are missing.
std::optional<std::uint32_t>
stretch_finder::events_too_many(const stretch& found, std::uint64_t numbered) const {
    std::uint32_t events = 0;
    std::uint32_t before_last = 0;
    std::uint32_t count = 0;
    for (std::size_t at = found.words.begin; at < found.words.end; at += word_bytes) {
        const wire::word w = load_word(&bytes_[at]);
        if (w.is_event()) ++events;
        if (!w.is_control(control::checkpoint)) continue;
        before_last = events;
        count = w.data();
    }
    const auto more = static_cast<std::uint32_t>(numbered + before_last - count) & wire::data_mask;
    if (more > before_last / 2) return std::nullopt;
    return more;
}

std::optional<std::size_t> stretch_finder::find_digest_before(const stretch& found) const {
    const std::size_t last = found.words.end - word_bytes;
    const wire::word digest = load_word(&bytes_[last]);
    const auto same = std::ranges::find_if(last_digests_, [&](const digest_place& d) {
        return d.digest == digest && d.at < last && last - d.at <= farthest * word_bytes &&
               (last - d.at) % word_bytes == 0;
    });
    return same == last_digests_.end() ? std::nullopt : std::optional(same->at);
}

bool stretch_finder::came_before(const stretch& s) const {
    if (s.ends != stretch::ending::check) return false;
    const std::size_t last = s.words.end - word_bytes;
    const wire::word digest = load_word(&bytes_[last]);
    if (!is_digest(digest)) return false;
    const target_words words(bytes_, s.words.begin, s.words.end);
    return std::ranges::any_of(last_digests_, [&](const digest_place& d) {
        if (d.digest != digest || d.at >= last || (last - d.at) % word_bytes != 0) return false;
        const std::size_t length = s.words.end - s.words.begin; // or less
        const std::size_t before = std::min(length, d.at / word_bytes * word_bytes);
        const target_words earlier(bytes_, d.at - before, d.at + word_bytes);
        std::size_t i = earlier.count();
        for (std::size_t k = words.count(); k-- > 0;) {
            const std::size_t at = words.place(k);
            if (at >= s.twice.begin && at < s.twice.end) continue;
            if (i == 0 || words[k] != earlier[--i]) return false;
        }
        return true;
    });
}

/// The digest at the end came before: it is in both copies. They can begin and end anywhere.
std::optional<word_range> stretch_finder::find_repetition(const stretch& found) const {
    const std::size_t last = found.words.end - word_bytes;
    const auto same = find_digest_before(found);
    if (!same) return std::nullopt;
    const std::size_t apart = last - *same;
    const std::size_t before = std::min(apart, *same / word_bytes * word_bytes);
    const target_words words(bytes_, *same - before, last + 2 * apart);
    const std::size_t second = words.index_of(last);
    const std::size_t distance = second - words.index_of(*same);
    std::size_t first = second; // of the second copy
    while (first > distance && second - first + 1 < distance &&
           words[first - 1] == words[first - 1 - distance])
        --first;
    std::size_t end = second + 1;
    while (end < words.count() && end - first < distance && words[end] == words[end - distance])
        ++end;
    // Where a copy begins within a packet, a word that never was is before it.
    if (end - first == distance) return words.range(first, distance);
    if (end - first + 1 == distance && first > 0) return words.range(first - 1, distance);
    return std::nullopt;
}

/// So many events are repeated between two digests, with their prefixes.
void stretch_finder::try_repetitions(
    const stretch& found, std::uint32_t events, const std::function<bool(word_range)>& proves
) const {
    constexpr int most_tries = 8;            // each takes as long as to read the stretch
    constexpr std::size_t most_between = 64; // words that are said between two events
    const target_words words(bytes_, found.words.begin, found.words.end);
    if (words.count() > 2 * farthest) return;
    struct run {
        std::size_t next = 0;  ///< word that goes on with it
        std::size_t equal = 0; ///< words so far
    };
    std::vector<run> runs(words.count()); // by the distance of the words that are equal
    int tries = 0;
    std::size_t end = 0; // of so many events from `first` on
    std::uint32_t within = 0;
    for (std::size_t first = 0; first < words.count(); ++first) {
        while (end < words.count() && within < events)
            within += words[end++].is_event() ? 1U : 0U;
        if (within < events) return;
        end = std::max(end, first);
        const bool begins_with_event = words[first].is_event();
        // A second copy begins anywhere before one event more.
        const std::size_t nearest = std::max(end, first + 1);
        const std::size_t last = std::min(words.count(), nearest + most_between);
        for (std::size_t second = nearest; second < last && (events != 0 || !begins_with_event);
             ++second) {
            const std::size_t distance = second - first;
            run& now = runs[distance];
            if (std::exchange(now.next, first + 1) != first) now.equal = 0;
            now.equal = words[first] == words[second] ? now.equal + 1 : 0;
            const std::size_t begin = first + 1 - now.equal;
            // One word may have been made of two halves where the copies meet.
            if (now.equal != 0 && now.equal + 1 >= distance && begin + distance < words.count() &&
                (proves(words.range(begin, distance)) || ++tries == most_tries))
                return;
            if (words[second].is_event()) break;
        }
        if (events != 0 && begins_with_event) --within;
    }
}

} // namespace drone::trace

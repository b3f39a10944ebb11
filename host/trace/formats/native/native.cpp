// SPDX-License-Identifier: MIT

#include "trace/formats/native/native.hpp"

#include "trace/formats/native/reader.hpp"
#include "trace/formats/native/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace drone::trace {

using wire::operation;

findings native_reader::read(const std::function<void(std::size_t)>& passed) {
    constexpr std::size_t often = std::size_t{16} << 20U;
    std::size_t said = 0;
    while (at_ + word_bytes <= bytes_.size()) {
        if (at_ - said >= often) {
            said = at_;
            if (passed) passed(at_);
        }
        if (started_ && prefix_ == prefix{} && read_usual()) continue;
        read_unusual(load_word(&bytes_[at_]));
    }
    finish();
    return found_;
}

/// Reads events as long as each has the next number and fits what its block did before. False when
/// the first does not.
bool native_reader::read_usual() {
    const auto rest =
        bytes_.subspan(at_, std::min(bytes_.size() - at_, usual_.size() * word_bytes));
    const std::size_t numbered = count_numbered(rest, next(), blocks_.end());
    const std::size_t events = blocks_.follow(
        rest.first(numbered * word_bytes), certain_.stretch(), digest_, usual_.data()
    );
    if (events == 0) return false;
    to_.now().on_brief_changes({usual_.data(), events}, context_);
    at_ += events * word_bytes;
    numbered_ += events;
    found_.events += events;
    return true;
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
        if (!stands_before_a_checkpoint()) return damaged();
        found_.dropped_by_target += w.data();
        return;
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

void native_reader::announcement(wire::word w) {
    auto said = announcements_.feed(w);
    if (!said) return;
    flags_ = said->flags;
    starts_anew_ = (flags_ & wire::flag_continues) == 0;
    if (said->heap == heap_) return;
    empty_heap();
    use_heap(std::move(said->heap));
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

void native_reader::finish() {
    found_.suspected_double_frees += pending_double_frees_;
    if (pending_contradictions_ != 0) note_gap();
    if (disagreement_ != 0 && disagreement_ <= 1U << 20U) found_.lost_events += disagreement_;
    sink& to = to_.now();
    blocks_.for_each_live([&](std::uint32_t block, block_state state) {
        to.on_live(make_change(block, state.asked, false), certain_.checked_since(state.stretch));
    });
    if (at_ < bytes_.size())
        found_.notices.emplace_back("The file ends within a word: it was cut.");
    if (found_.restarts != 0)
        found_.notices.push_back(fmt::format(
            "The target started anew {} times, or ran with nobody listening; the heap counts as "
            "empty from there on.",
            found_.restarts
        ));
}

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

findings read_native(
    std::span<const std::byte> bytes,
    const announced_trace& first,
    sink& to,
    const std::function<void(std::size_t)>& passed
) {
    return native_reader(bytes, first, to).read(passed);
}

} // namespace drone::trace

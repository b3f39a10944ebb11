// SPDX-License-Identifier: MIT

#include "trace/formats/native/heap_state.hpp"

#include "trace/formats/native/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace drone::trace {

using wire::operation;

// -- The heap -------------------------------------------------------------------------------------

/// Told to the sink, and set up, with the first event: a trace may announce many and use none. Until
/// then it has no blocks, so that nothing is looked up in those of the heap before.
void heap_state::use(const traced_heap& heap) {
    restart();
    heap_ = heap;
    blocks_ = {};
    heap_announced_ = false;
}

void heap_state::announce_heap() {
    heap_announced_ = true;
    blocks_ = traced_blocks(heap_);
    code_.reset();
    if (const traced_region& region = heap_.region; region.units != 0)
        code_.emplace(region.offset, heap_.size, region.unit);
    to_.now().on_heap(heap_);
}

void heap_state::restart() {
    // Within the last event: what a restart releases is not an event of its own.
    const auto lose = [&](block_number number) {
        to_.position(found_.events - 1);
        presume_free(number);
    };
    blocks_.for_each_live([&](block_number number, block_state) { lose(number); });
    for (const auto& [offset, end] : std::exchange(region_, {}))
        lose(region_block(offset));
    blocks_.clear();
    to_.position(found_.events);
    break_off();
}

void heap_state::begin_stretch(bool proven, bool is_open) {
    certain_.begin_stretch(proven);
    takes_stacks_ = proven || is_open;
    forget_stack();
}

void heap_state::stack(std::uint32_t caller) {
    prefix_.caller = takes_stacks_ ? caller : 0;
    // The number of the next event shows that no event is missing between it and this word. Of later
    // events a `stack` word of their own may be missing.
    stack_ = certain_.is_proven() ? caller : 0;
}

void heap_state::forget_stack() {
    prefix_.caller = 0;
    stack_ = 0;
}

void heap_state::break_off() {
    forget_stack(); // may be a lost event's; an alignment names its event
    context_ = no_context;
    names_.break_off();
    contradicted_ = false; // explained
    certain_.break_off();
}

void heap_state::finish() {
    if (!heap_announced_) announce_heap();
    sink& to = to_.now();
    const auto tell = [&](block_number number, block_state state) {
        to.on_live(make_change(number, state.asked, false), certain_.checked_since(state.stretch));
    };
    blocks_.for_each_live(tell);
    for (const auto& [offset, end] : region_)
        tell(region_block(offset), blocks_.at(region_block(offset)));
}

bool heap_state::context(std::uint32_t data, bool proven) {
    const std::uint32_t number = data % (1U << wire::letter_shift);
    if (number >= wire::context_limit) return false;
    const auto context = static_cast<std::uint16_t>(number);
    if (const std::uint32_t letter = data >> wire::letter_shift; letter != 0)
        return names_.letter(context, letter);
    names_.end(context, proven, found_.context_names);
    context_ = context;
    return true;
}

// -- Events ---------------------------------------------------------------------------------------

std::size_t
heap_state::follow(std::span<const std::byte> words, std::span<const std::uint32_t> callers) {
    if (!heap_announced_) announce_heap();
    const std::size_t events = blocks_.follow(
        words.first(std::min(words.size(), followed_at_once * word_bytes)),
        certain_.stretch(),
        usual_blocks_.data(),
        usual_asked_.data()
    );
    if (events == 0) return 0;
    to_.now().on_brief_changes({
        .blocks = std::span(usual_blocks_).first(events),
        .asked = std::span(usual_asked_).first(events),
        .callers = callers.first(std::min(callers.size(), events)),
        .context = context_,
    });
    found_.events += events;
    return events;
}

bool heap_state::event(wire::word w) {
    if (!heap_announced_) announce_heap();
    ++found_.events;
    if (prefix_.caller == 0) prefix_.caller = stack_;
    bool can_be = true;
    switch (w.op()) {
    case operation::deallocate:
        can_be = deallocate(w);
        break;
    case operation::resize:
        can_be = resize(w);
        break;
    case operation::failed:
        fail(w);
        break;
    case operation::allocate_aligned:
        can_be = allocate_aligned(w);
        break;
    default:
        can_be = allocate(w, 2);
        break;
    }
    prefix_.caller = 0;
    prefix_.size = 0;
    if (!can_be) to_.position(found_.events);
    return can_be;
}

bool heap_state::allocate(wire::word w, std::uint32_t alignment_log2) {
    if (is_of_region(w.data())) return allocate_in_region(w, alignment_log2);
    if (w.data() >= end()) return false;
    const block_map::place place = blocks_.find(w.data());
    const block_state state = blocks_.at(place.number);
    if (state.asked.is_live() != 0) { // its deallocation is missing, or a double free's work
        contradict(state);
        presume_free(place.number);
        to_.position(found_.events - 1);
    }
    take(place.number, {w.data() - place.first_byte + 1, alignment_log2});
    return true;
}

bool heap_state::allocate_aligned(wire::word w) {
    return allocate(w, std::max(take_alignment(w), 3U));
}

/// The log2 that was said of this event, which is said once; 0: nothing.
std::uint32_t heap_state::take_alignment(wire::word w) {
    const std::uint32_t said = wire::alignment_log2(prefix_.alignment, w);
    if (said != 0) prefix_.alignment = {};
    return said;
}

bool heap_state::deallocate(wire::word w) {
    if (is_of_region(w.data())) return deallocate_in_region(w.data());
    if (w.data() >= end()) return false;
    const block_map::place place = blocks_.find(w.data());
    if (place.first_byte != w.data()) return false;
    const block_state state = blocks_.at(place.number);
    if (state.asked.is_live() != 0)
        give_back(place.number);
    else
        free_again(place.number, w.data());
    return true;
}

/// The block at that offset, for people.
std::string heap_state::describe(std::uint32_t offset) const {
    for (const traced_pool& pool : heap_.pools) // by size, not by offset
        if (offset - pool.offset < pool.block_size * pool.capacity)
            return fmt::format(
                "block {} of the pool of {} bytes, at {:#x} of the heap",
                (offset - pool.offset) / pool.block_size,
                pool.block_size,
                offset
            );
    return fmt::format("the block at {:#x} of the heap", offset);
}

/// A block is given back that is not live.
void heap_state::free_again(block_number number, std::uint32_t offset) {
    const block_state state = blocks_.at(number);
    if (certain_.certain_since(state.stretch)) {
        ++found_.double_frees;
    } else if (certain_.unbroken_since(state.stretch)) {
        ++found_.suspected_double_frees;
    } else {
        ++found_.freed_unknown;
        blocks_.set(number, {{}, certain_.stretch()});
    }
    if (!found_.first_double_free && found_.double_frees + found_.suspected_double_frees != 0)
        found_.first_double_free = {found_.events, describe(offset)};
    to_.position(found_.events);
}

bool heap_state::resize(wire::word w) {
    if (is_of_region(w.data())) return resize_in_region(w);
    if (w.data() >= end()) return false;
    const block_map::place place = blocks_.find(w.data());
    const block_state state = blocks_.at(place.number);
    const std::uint32_t size = w.data() - place.first_byte + 1;
    if (state.asked.is_live() == 0) { // taken before the capture began, or in a gap
        contradict(state);
        take(place.number, {size, 2});
        return true;
    }
    const request before = state.asked;
    // The word does not say it; realloc() asks for no more than this.
    constexpr std::uint8_t most = 3;
    const request after(size, std::min(before.alignment_log2(), most));
    blocks_.set(place.number, {after, certain_.stretch()});
    to_.resize(make_change(place.number, before, true), make_change(place.number, after, false));
    return true;
}

// -- The region -----------------------------------------------------------------------------------

std::optional<wire::region_code::place> heap_state::place_in_region(wire::word w) const {
    if (!code_) return std::nullopt;
    wire::region_code::place place = code_->decode(w.data());
    if (place.size == 0) place.size = prefix_.size;
    if (place.size == 0 || place.size > heap_.size - place.offset) return std::nullopt;
    return place;
}

/// Blocks where another one is now: the events that gave them back are missing.
void heap_state::free_overlaps(wire::region_code::place place) {
    auto at = region_.lower_bound(place.offset);
    if (at != region_.begin() && std::prev(at)->second > place.offset) --at;
    while (at != region_.end() && at->first < place.offset + place.size) {
        const block_number number = region_block(at->first);
        contradict(blocks_.at(number));
        presume_free(number);
        to_.position(found_.events - 1); // each within this event
        at = region_.erase(at);
    }
}

bool heap_state::allocate_in_region(wire::word w, std::uint32_t alignment_log2) {
    const auto place = place_in_region(w);
    if (!place) return false;
    free_overlaps(*place);
    region_[place->offset] = place->offset + place->size;
    take(region_block(place->offset), {place->size, alignment_log2});
    return true;
}

bool heap_state::deallocate_in_region(std::uint32_t offset) {
    if (offset >= heap_.size || (offset - heap_.region.offset) % heap_.region.unit != 0)
        return false;
    const block_number number = region_block(offset);
    if (region_.erase(offset) != 0)
        give_back(number);
    else
        free_again(number, offset);
    return true;
}

bool heap_state::resize_in_region(wire::word w) {
    const auto place = place_in_region(w);
    if (!place) return false;
    const block_number number = region_block(place->offset);
    const auto live = region_.find(place->offset);
    if (live == region_.end()) { // taken before the capture began, or in a gap
        contradict(blocks_.at(number));
        free_overlaps(*place);
        region_[place->offset] = place->offset + place->size;
        take(number, {place->size, 2});
        return true;
    }
    region_.erase(live);
    free_overlaps(*place);
    region_[place->offset] = place->offset + place->size;
    const request before = blocks_.at(number).asked;
    constexpr std::uint8_t most = 3;
    const request after(place->size, std::min(before.alignment_log2(), most));
    blocks_.set(number, {after, certain_.stretch()});
    to_.resize(make_change(number, before, true), make_change(number, after, false));
    return true;
}

void heap_state::fail(wire::word w) {
    ++found_.failures;
    if (doubted_) ++found_.suspected_failures;
    const std::uint32_t alignment_log2 = take_alignment(w);
    to_.now().on_failure({
        .size = w.data(),
        .caller = prefix_.caller,
        .alignment_log2 = static_cast<std::uint8_t>(alignment_log2),
        .at_least = w.data() == wire::saturated(SIZE_MAX),
        .context = context_,
    });
}

/// A block is not what it was left as.
void heap_state::contradict(block_state before) {
    if (certain_.certain_since(before.stretch))
        ++found_.contradictions;
    else if (certain_.unbroken_since(before.stretch))
        contradicted_ = true;
}

void heap_state::take(block_number number, request asked) {
    blocks_.set(number, {asked, certain_.stretch()});
    to_.change(make_change(number, asked, false));
}

void heap_state::give_back(block_number number) {
    const request asked = blocks_.at(number).asked;
    blocks_.set(number, {{}, certain_.stretch()});
    to_.change(make_change(number, asked, true));
}

/// The event that said so is missing, or the block never was where it seemed to be: it is as
/// uncertain as before.
void heap_state::presume_free(block_number number) {
    const auto [asked, stretch] = blocks_.at(number);
    blocks_.set(number, {{}, stretch});
    to_.change({
        .block = number,
        .size = asked.size(),
        .alignment_log2 = asked.alignment_log2(),
        .gives_back = true,
    });
}

} // namespace drone::trace

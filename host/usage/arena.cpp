// SPDX-License-Identifier: MIT

#include "usage/arena.hpp"

#include <algorithm>

namespace drone::usage {

void block_overheads::saw(std::uint32_t size, std::uint32_t gap) {
    const auto [at, is_new] = least_.emplace(size, gap);
    if (!is_new) at->second = std::min(at->second, gap);
    header_ = std::min(header_, gap);
}

std::uint32_t block_overheads::of(std::uint32_t size) const {
    const std::uint32_t header = header_ == UINT32_MAX ? 0 : header_;
    const std::uint32_t rounded = (size + header + unit_ - 1) / unit_ * unit_ - size;
    const auto seen = least_.find(size);
    // What was never seen with a neighbour at its side has a hole there.
    return seen == least_.end() ? rounded : std::min(seen->second, rounded + 2 * unit_);
}

void arena::on_heap(const trace::traced_heap& heap) {
    live_.clear();
    holes_.clear();
    live_bytes_ = hole_bytes_ = 0;
    is_ours_ = !heap.pools.empty() || heap.region.units == 0;
    heap_ = heap.region;
    if (!is_second_) overheads_ = block_overheads(std::max(heap.region.unit, 1U));
}

std::uint32_t arena::end_of(std::uint32_t begin, std::uint32_t size) const {
    return begin + size + (is_second_ ? overheads_.of(size) : 0);
}

void arena::on_changes(std::span<const trace::change> changes) {
    for (const trace::change& c : changes) {
        ++events_;
        if (is_ours_) continue;
        if (c.gives_back)
            give_back(c);
        else
            take(c);
        note();
    }
}

/// Of a heap that is ours nothing is drawn, and nearly all changes of it are brief.
void arena::on_brief_changes(const trace::brief_changes& changes) {
    if (is_ours_)
        events_ += changes.size();
    else
        sink::on_brief_changes(changes);
}

void arena::on_resize(
    const trace::change& before, const trace::change& after, trace::resizing /*how*/
) {
    ++events_;
    if (is_ours_) return;
    give_back(before);
    take(after);
    note();
}

void arena::take(const trace::change& c) {
    const std::uint32_t begin = place(c);
    const auto next = live_.lower_bound(begin);
    if (next != live_.end() && next->first == begin) return;
    lowest_ = std::min(lowest_, begin);
    const bool has_previous = next != live_.begin();
    const std::uint32_t previous = has_previous ? std::prev(next)->first : 0;
    if (has_previous) clear_after(previous);
    live_.emplace(begin, c.size);
    live_bytes_ += c.size;
    if (has_previous) fill(previous);
    fill(begin);
    const std::uint32_t end = end_of(begin, c.size);
    if (end <= end_) return;
    end_ = end;
    highest_ = now();
    if (!is_second_) return;
    at_highest_.clear();
    for (const auto& [first, size] : live_)
        at_highest_.emplace(first, end_of(first, size));
}

void arena::give_back(const trace::change& c) {
    const auto at = live_.find(place(c));
    if (at == live_.end()) return;
    clear_after(at->first);
    live_bytes_ -= at->second;
    const bool has_previous = at != live_.begin();
    const std::uint32_t previous = has_previous ? std::prev(at)->first : 0;
    if (has_previous) clear_after(previous);
    live_.erase(at);
    if (has_previous) fill(previous);
}

/// Bytes between a live block and the next one become a hole.
void arena::fill(std::uint32_t begin) {
    const auto at = live_.find(begin);
    const auto next = std::next(at);
    if (next == live_.end()) return;
    const std::uint32_t end = at->first + at->second;
    if (!is_second_) overheads_.saw(at->second, next->first > end ? next->first - end : 0);
    const std::uint32_t hole_begin = end_of(at->first, at->second);
    if (next->first <= hole_begin) return;
    holes_.insert(next->first - hole_begin);
    hole_bytes_ += next->first - hole_begin;
}

/// The hole between a live block and the next one is none any more.
void arena::clear_after(std::uint32_t begin) {
    const auto at = live_.find(begin);
    const auto next = std::next(at);
    if (next == live_.end()) return;
    const std::uint32_t hole_begin = end_of(at->first, at->second);
    if (next->first <= hole_begin) return;
    holes_.erase(holes_.find(next->first - hole_begin));
    hole_bytes_ -= next->first - hole_begin;
}

arena_moment arena::now() const {
    arena_moment m{
        .event = events_,
        .arena = end_ - std::min(lowest_, end_),
        .live = live_bytes_,
        .overhead = 0,
        .free = hole_bytes_,
        .largest_hole = holes_.empty() ? 0 : *holes_.rbegin(),
        .holes = holes_.size(),
    };
    const auto add = [&](std::uint64_t hole) {
        if (hole == 0) return;
        m.free += hole;
        m.largest_hole = std::max(m.largest_hole, hole);
        ++m.holes;
    };
    if (live_.empty()) {
        add(m.arena);
    } else {
        add(live_.begin()->first - lowest_);
        const std::uint32_t end = end_of(live_.rbegin()->first, live_.rbegin()->second);
        add(end_ > end ? end_ - end : 0);
    }
    m.overhead = m.arena - std::min(m.arena, m.live + m.free);
    return m;
}

/// The moment after an event.
void arena::note() {
    if (!is_second_) return;
    const arena_moment m = now();
    if (m.free - m.largest_hole > most_fragmented_.free - most_fragmented_.largest_hole)
        most_fragmented_ = m;
    if (m.event * course_length >= events_in_all_ * (course_.size() + 1) &&
        course_.size() < course_length)
        course_.push_back(m);
}

std::vector<double> arena::picture(std::size_t cells) const {
    std::vector<double> used(cells);
    if (!is_known() || cells == 0) return used;
    const double cell = static_cast<double>(end_ - lowest_) / static_cast<double>(cells);
    for (const auto& [begin, end] : at_highest_) {
        const double from = (begin - lowest_) / cell;
        const double to = (std::min(end, end_) - lowest_) / cell;
        for (auto i = static_cast<std::size_t>(from); i < cells && static_cast<double>(i) < to;
             ++i) {
            const auto at = static_cast<double>(i);
            used[i] += std::min(to, at + 1) - std::max(from, at);
        }
    }
    for (double& u : used)
        u = std::min(u, 1.0);
    return used;
}

} // namespace drone::usage

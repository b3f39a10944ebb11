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
    live_ = occupancy(UINT64_MAX);
    changed_.clear();
    all_changed_ = true;
    is_drawn_ = heap.is_foreign() && heap.region.units != 0;
    heap_ = heap.region;
    if (!is_second_) overheads_ = block_overheads(std::max(heap.region.unit, 1U));
}

void arena::on_changes(std::span<const trace::change> changes) {
    for (const trace::change& c : changes) {
        ++events_;
        if (!is_drawn_) continue;
        if (c.gives_back)
            give_back(c);
        else
            take(c);
        note();
    }
}

/// Of a heap that is ours nothing is drawn, and nearly all changes of it are brief.
void arena::on_brief_changes(const trace::brief_changes& changes) {
    if (is_drawn_)
        sink::on_brief_changes(changes);
    else
        events_ += changes.size();
}

void arena::on_resize(
    const trace::change& before, const trace::change& after, trace::resizing /*how*/
) {
    ++events_;
    if (!is_drawn_) return;
    give_back(before);
    take(after);
    note();
}

void arena::take(const trace::change& c) {
    const std::uint32_t begin = place(c);
    const std::uint64_t overhead = is_second_ ? overheads_.of(c.size) : 0;
    const auto taken =
        live_.take(begin, {.end = begin + std::uint64_t{c.size} + overhead, .beside = overhead});
    if (is_second_)
        changed_.insert(begin);
    else
        note_neighbours(taken);
    lowest_ = std::min(lowest_, begin);
    if (taken->second.end <= end_) return;
    end_ = taken->second.end;
    note_highest();
}

void arena::give_back(const trace::change& c) {
    const auto at = live_.live().find(place(c));
    if (at == live_.live().end()) return;
    if (is_second_) changed_.insert(at->first);
    live_.give_back(at);
}

/// How much is between a block and the ones at its sides. To give one back leaves no two closer.
void arena::note_neighbours(occupancy::blocks::const_iterator taken) {
    const auto saw = [this](occupancy::blocks::const_iterator left) {
        const auto& [begin, block] = *left;
        const auto gap = static_cast<std::uint32_t>(std::next(left)->first - block.end);
        overheads_.saw(static_cast<std::uint32_t>(block.end - begin), gap);
    };
    if (taken != live_.live().begin()) saw(std::prev(taken));
    if (std::next(taken) != live_.live().end()) saw(taken);
}

arena_moment arena::now() const {
    arena_moment m{.event = events_};
    if (end_ <= lowest_) return m;
    const occupancy::holes holes = live_.holes_in(lowest_, end_);
    m.arena = end_ - lowest_;
    m.live = live_.taken() - live_.beside();
    m.overhead = live_.beside();
    m.free = holes.bytes;
    m.largest_hole = holes.largest;
    m.holes = holes.count;
    return m;
}

/// The arena has grown. To copy all blocks each time would take the square of their number.
void arena::note_highest() {
    highest_ = now();
    if (!is_second_) return;
    if (all_changed_) {
        at_highest_.clear();
        for (const auto& [begin, block] : live_.live())
            at_highest_.emplace(begin, block.end);
    }
    for (const std::uint64_t begin : changed_) {
        const auto block = live_.live().find(begin);
        if (block == live_.live().end())
            at_highest_.erase(begin);
        else
            at_highest_[begin] = block->second.end;
    }
    all_changed_ = false;
    changed_.clear();
}

/// The moment after an event.
void arena::note() {
    if (!is_second_) return;
    const arena_moment m = now();
    if (m.scattered() > most_fragmented_.scattered()) most_fragmented_ = m;
    if (m.event * course_length >= events_in_all_ * (course_.size() + 1) &&
        course_.size() < course_length)
        course_.push_back(m);
}

std::vector<double> arena::picture(std::size_t cells) const {
    std::vector<double> used(cells);
    if (!is_known() || cells == 0) return used;
    const double cell = static_cast<double>(end_ - lowest_) / static_cast<double>(cells);
    for (const auto& [begin, end] : at_highest_) {
        const double from = static_cast<double>(begin - lowest_) / cell;
        const double to = static_cast<double>(end - lowest_) / cell;
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

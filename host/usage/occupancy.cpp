// SPDX-License-Identifier: MIT
#include "usage/occupancy.hpp"

#include <algorithm>
#include <iterator>

namespace drone::usage {

void occupancy::open(std::uint64_t from, std::uint64_t to) {
    if (from < to) between_.insert(to - from);
}

void occupancy::close(std::uint64_t from, std::uint64_t to) {
    if (from < to) between_.erase(between_.find(to - from));
}

/// Into a place that no block has, in front of `next`.
occupancy::blocks::const_iterator
occupancy::put(blocks::const_iterator next, std::uint64_t begin, block b) {
    const bool has_next = next != live_.end();
    const bool has_previous = next != live_.begin();
    const std::uint64_t left = has_previous ? std::prev(next)->second.end : 0;
    if (has_previous && has_next) close(left, next->first);
    if (has_previous) open(left, begin);
    if (has_next) open(b.end, next->first);
    taken_ += b.end - begin;
    beside_ += b.beside;
    return live_.emplace_hint(next, begin, b);
}

void occupancy::give_back(blocks::const_iterator which) {
    const auto next = std::next(which);
    const bool has_next = next != live_.end();
    const bool has_previous = which != live_.begin();
    const std::uint64_t left = has_previous ? std::prev(which)->second.end : 0;
    if (has_previous) close(left, which->first);
    if (has_next) close(which->second.end, next->first);
    if (has_previous && has_next) open(left, next->first);
    taken_ -= which->second.end - which->first;
    beside_ -= which->second.beside;
    live_.erase(which);
}

/// Takes from earlier blocks what is surely not theirs any more.
void occupancy::make_room(std::uint64_t begin, std::uint64_t sure_end) {
    auto next = live_.lower_bound(begin);
    while (next != live_.end() && (next->first == begin || next->first < sure_end))
        give_back(next++);
    if (next == live_.begin()) return;
    const auto [first, before] = *std::prev(next);
    if (before.end <= begin) return;
    give_back(std::prev(next));
    const std::uint64_t sure = before.end - before.beside;
    if (sure <= begin) put(next, first, {.end = begin, .beside = begin - sure});
}

occupancy::blocks::const_iterator occupancy::take(std::uint64_t begin, block wanted) {
    if (begin >= limit_) return live_.end();
    make_room(begin, wanted.end - wanted.beside);
    const auto next = live_.lower_bound(begin);
    const std::uint64_t right = next == live_.end() ? limit_ : next->first;
    block b{.end = std::min(wanted.end, right), .beside = wanted.beside};
    b.beside -= std::min(b.beside, wanted.end - b.end);
    if (right - b.end < least_rest_) b.end = right;
    return put(next, begin, b);
}

occupancy::holes occupancy::holes_in(std::uint64_t from, std::uint64_t to) const {
    holes found{
        .bytes = to - from - taken_,
        .largest = between_.empty() ? 0 : *between_.rbegin(),
        .count = between_.size(),
    };
    const auto add = [&](std::uint64_t begin, std::uint64_t end) {
        if (begin >= end) return;
        found.largest = std::max(found.largest, end - begin);
        ++found.count;
    };
    if (live_.empty()) {
        add(from, to);
    } else {
        add(from, live_.begin()->first);
        add(live_.rbegin()->second.end, to);
    }
    return found;
}

} // namespace drone::usage

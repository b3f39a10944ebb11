// SPDX-License-Identifier: MIT
#include "usage/region_usage.hpp"

#include <algorithm>

namespace drone::usage {

region_usage::region_usage(const trace::traced_heap& heap)
    : place_(heap.region), bytes_(heap.region.units == 0 ? 0 : heap.size - heap.region.offset),
      least_hole_(bytes_) {
    if (bytes_ != 0) holes_.insert(bytes_);
}

std::uint64_t region_usage::begin_of(const trace::change& c) const {
    return std::uint64_t{c.block - place_.first_block} * place_.unit;
}

std::uint64_t region_usage::length_of(const trace::change& c) const {
    const std::uint64_t size = std::max<std::uint32_t>(c.size, 1);
    return (size + place_.unit - 1) / place_.unit * place_.unit;
}

void region_usage::take(const trace::change& c, bool pool_full, std::uint64_t event) {
    region_requests& of_size = requests_[c.size];
    ++of_size.count;
    if (pool_full) ++of_size.pool_full;
    ++total_;
    occupy(begin_of(c), length_of(c));
    max_load_ = std::max<std::uint64_t>(max_load_, live_.size());
    note(event);
}

void region_usage::give_back(const trace::change& c, std::uint64_t event) {
    vacate(begin_of(c));
    note(event);
}

void region_usage::resize(
    const trace::change& before, const trace::change& after, std::uint64_t event
) {
    vacate(begin_of(before));
    occupy(begin_of(after), length_of(after));
    note(event);
}

/// What a damaged trace says may overlap other blocks or leave the region: the hole is as large as
/// what is left.
void region_usage::occupy(std::uint64_t begin, std::uint64_t length) {
    const auto next = live_.lower_bound(begin);
    const std::uint64_t right = next == live_.end() ? bytes_ : next->first;
    const std::uint64_t left = next == live_.begin() ? 0 : std::prev(next)->second;
    if (next != live_.end() && next->first == begin) return;
    const std::uint64_t end = std::max(begin, std::min(begin + length, right));
    if (left > begin || end > bytes_) return;
    if (const auto hole = holes_.find(right - left); hole != holes_.end()) holes_.erase(hole);
    if (begin > left) holes_.insert(begin - left);
    if (right > end) holes_.insert(right - end);
    live_.emplace_hint(next, begin, end);
    in_use_ += end - begin;
    peak_ = std::max(peak_, in_use_);
}

void region_usage::vacate(std::uint64_t begin) {
    const auto own = live_.find(begin);
    if (own == live_.end()) return;
    const auto next = std::next(own);
    const std::uint64_t right = next == live_.end() ? bytes_ : next->first;
    const std::uint64_t left = own == live_.begin() ? 0 : std::prev(own)->second;
    for (const std::uint64_t hole : {begin - left, right - own->second})
        if (const auto found = holes_.find(hole); hole != 0 && found != holes_.end())
            holes_.erase(found);
    holes_.insert(right - left);
    in_use_ -= own->second - begin;
    live_.erase(own);
}

void region_usage::note(std::uint64_t event) {
    const std::uint64_t hole = largest_hole();
    if (hole < least_hole_) {
        least_hole_ = hole;
        least_hole_event_ = event;
    }
    while (event > most_stretches * stretch_) {
        for (std::size_t pair = 0; 2 * pair < history_.size(); ++pair) {
            region_stretch joined = history_[2 * pair];
            if (2 * pair + 1 < history_.size()) {
                const region_stretch& second = history_[2 * pair + 1];
                joined.events = second.events;
                joined.most_in_use = std::max(joined.most_in_use, second.most_in_use);
                joined.least_hole = std::min(joined.least_hole, second.least_hole);
            }
            history_[pair] = joined;
        }
        history_.resize((history_.size() + 1) / 2);
        stretch_ *= 2;
    }
    while (history_.size() * stretch_ < event) {
        // Without an event of the region in between nothing changed.
        history_.push_back(
            {.events = (history_.size() + 1) * stretch_, .most_in_use = in_use_, .least_hole = hole}
        );
    }
    region_stretch& now = history_.back();
    now.events = event;
    now.most_in_use = std::max(now.most_in_use, in_use_);
    now.least_hole = std::min(now.least_hole, hole);
}

} // namespace drone::usage

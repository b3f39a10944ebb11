// SPDX-License-Identifier: MIT
#include "usage/timeline.hpp"

#include <algorithm>

namespace drone::usage {

namespace {

std::uint64_t events_of_a_column(std::uint64_t events, std::uint64_t columns) {
    return std::max<std::uint64_t>(1, (events + columns - 1) / columns);
}

/// Stretches around these events, ascending; those that touch are one.
std::vector<close_up> stretches(std::vector<std::uint64_t> around, std::uint64_t events) {
    std::ranges::sort(around);
    std::vector<close_up> all;
    constexpr std::uint64_t half = timeline::close_up_events / 2;
    for (const std::uint64_t event : around) {
        const std::uint64_t first = event > half ? event - half : 1;
        const std::uint64_t last = std::min(event + half, events);
        if (!all.empty() && first <= all.back().last + 1)
            all.back().last = std::max(all.back().last, last);
        else
            all.push_back({.first = first, .last = last, .live = {}, .times = {}});
    }
    return all;
}

} // namespace

void close_up::note(
    std::uint64_t event, std::uint64_t before, std::uint64_t bytes, std::uint64_t time
) {
    if (live.columns() == 0 && event > first) live.note(1, before);
    live.note(event - first + 1, bytes);
    times.resize(live.columns(), time);
}

timeline::timeline(timeline_request wanted)
    : wanted_(std::move(wanted)), live_(events_of_a_column(wanted_.events, columns)),
      holders_(wanted_.kind, wanted_.named, wanted_.moments) {
    if (wanted_.region) region_ = region_picture(*wanted_.region, wanted_.events);
    // A run that is exact everywhere needs no closer look.
    if (live_.per() > 1) close_ups_ = stretches(wanted_.close_ups, wanted_.events);
}

void timeline::on_heap(const trace::traced_heap& heap) {
    pools_ = heap.pools;
    in_use_.assign(pools_.size(), holding{});
    pools_at_peak_ = in_use_;
    loads_.assign(pools_.size(), extremes(events_of_a_column(wanted_.events, pool_columns)));
}

void timeline::begin_event() {
    ++events_;
    holders_.before(events_);
    region_.before(events_);
}

void timeline::on_changes(std::span<const trace::change> changes) {
    for (const trace::change& c : changes) {
        const std::uint64_t before = bytes_;
        begin_event();
        apply(c);
        if (events_ == wanted_.peak_event) note_peak();
        note(before);
    }
}

void timeline::apply(const trace::change& c) {
    if (c.gives_back) {
        bytes_ -= c.size;
        holders_.give_back(c);
    } else {
        bytes_ += c.size;
        holders_.take(c);
    }
    if (c.block == trace::no_block) return;
    if (region_.holds(c.block)) {
        if (c.gives_back)
            region_.give_back(c, events_);
        else
            region_.take(c, events_);
    } else if (const std::size_t pool = trace::pool_of(pools_, c.block); pool < pools_.size()) {
        holding& used = in_use_[pool];
        used.blocks += c.gives_back ? UINT64_MAX : 1;
        used.bytes += c.gives_back ? std::uint64_t{0} - c.size : c.size;
        loads_[pool].note(events_, used.blocks);
    }
}

void timeline::on_resize(
    const trace::change& before, const trace::change& after, trace::resizing how
) {
    const std::uint64_t bytes = bytes_;
    begin_event();
    if (region_.holds(after.block))
        region_.resize(before, after, events_);
    else if (const std::size_t pool = trace::pool_of(pools_, after.block); pool < pools_.size())
        in_use_[pool].bytes += std::uint64_t{after.size} - before.size;
    const bool copied = how == trace::resizing::copied;
    holders_.resize(before, after, how, [&] {
        bytes_ += after.size;
        if (!copied) bytes_ -= before.size;
        if (events_ == wanted_.peak_event) note_peak();
        note(bytes);
    });
    if (copied) {
        bytes_ -= before.size;
        note(bytes);
    }
}

/// The live bytes after the event, and what they were before it.
void timeline::note(std::uint64_t before) {
    live_.note(events_, bytes_);
    if (live_.columns() > times_.size()) times_.resize(live_.columns(), time_);
    while (next_close_up_ < close_ups_.size() && events_ > close_ups_[next_close_up_].last)
        ++next_close_up_;
    if (next_close_up_ < close_ups_.size() && events_ >= close_ups_[next_close_up_].first)
        close_ups_[next_close_up_].note(events_, before, bytes_, time_);
}

void timeline::note_peak() {
    holders_.note_peak();
    region_.note_peak();
    pools_at_peak_ = in_use_;
}

void timeline::on_failure(const trace::failure& /*f*/) {
    begin_event();
    note(bytes_);
    const std::uint64_t column = (events_ - 1) / live_.per();
    if (failures_.empty() || failures_.back().first != column) failures_.emplace_back(column, 0);
    ++failures_.back().second;
}

void timeline::on_time(trace::clock unit, std::uint64_t elapsed) {
    if (unit_ == trace::clock::none) unit_ = unit;
    if (unit == unit_) time_ += elapsed;
}

void timeline::on_gap(std::uint64_t lost) {
    if (!gaps_.empty() && events_ <= gaps_.back().event + gap_distance_) {
        gaps_.back().lost += lost;
        return;
    }
    gaps_.push_back({events_, lost});
    if (gaps_.size() > most_gaps) join_gaps();
}

/// Until half of them are left.
void timeline::join_gaps() {
    while (gaps_.size() > most_gaps / 2) {
        gap_distance_ = std::max<std::uint64_t>(1, 2 * gap_distance_);
        std::vector<timeline_gap> joined;
        for (const timeline_gap& gap : gaps_)
            if (!joined.empty() && gap.event <= joined.back().event + gap_distance_)
                joined.back().lost += gap.lost;
            else
                joined.push_back(gap);
        gaps_ = std::move(joined);
    }
}

void timeline::finish() {
    holders_.finish();
    region_.finish(events_);
    live_.finish(events_);
    times_.resize(live_.columns(), time_);
    for (extremes& load : loads_)
        load.finish(events_);
}

} // namespace drone::usage

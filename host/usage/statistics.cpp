// SPDX-License-Identifier: MIT

#include "usage/statistics.hpp"

#include <algorithm>
#include <utility>

namespace drone::usage {

void statistics::count(std::size_t begin, std::size_t end, auto size_of, auto direction_of) {
    // No branch on what cannot be predicted: whether a block is taken or given back. A new maximum
    // is rare, and shows as a sign.
    counts* const small = small_.data();
    std::int64_t below_peak = bytes_below_peak_;
#pragma GCC unroll 2
    for (std::size_t i = begin; i < end; ++i) {
        const std::uint32_t size = size_of(i);
        const std::int64_t direction = direction_of(i);
        counts& of_size = size < small_limit ? small[size] : large(size);
        ++of_size.changes;
        of_size.below_max += direction;
        if (of_size.below_max < 0) [[unlikely]]
            note_maximum(size, of_size);
        below_peak += direction * size;
        if (below_peak < 0) [[unlikely]] {
            peak_bytes_ -= std::exchange(below_peak, 0);
            peak_event_ = events_ + (i - begin) + 1;
        }
    }
    bytes_below_peak_ = below_peak;
    events_ += end - begin;
}

[[gnu::noinline]] void statistics::note_maximum(std::uint32_t size, counts& of_size) {
    if (of_size.max_load == 0 && size < small_limit) small_seen_.push_back(size);
    ++of_size.max_load;
    of_size.below_max = 0;
}

void statistics::count_sampled(std::size_t changes, auto size_of, auto direction_of) {
    for (std::size_t at = 0; at < changes;) {
        const auto end = at + std::min<std::uint64_t>(changes - at, history_.due() - sampled_);
        count(at, end, size_of, direction_of);
        sampled_ += end - at;
        at = end;
        if (sampled_ == history_.due()) sample();
    }
}

void statistics::sample() {
    history_.sample([this](auto note) {
        std::int64_t live = 0;
        const auto add = [&](std::uint32_t size, const counts& of_size) {
            note(size, static_cast<std::uint64_t>(of_size.live()));
            live += of_size.live();
        };
        for (const std::uint32_t size : small_seen_)
            add(size, small_[size]);
        for (const auto& [size, of_size] : large_)
            add(size, of_size);
        note(UINT64_MAX /* all sizes */, static_cast<std::uint64_t>(live));
    });
}

void statistics::on_changes(std::span<const trace::change> changes) {
    count_sampled(
        changes.size(),
        [&](std::size_t i) { return changes[i].size; },
        [&](std::size_t i) { return std::int64_t{changes[i].gives_back ? 1 : -1}; }
    );
}

void statistics::on_brief_changes(const trace::brief_changes& changes) {
    count_sampled(
        changes.size(),
        [asked = changes.asked](std::size_t i) { return asked[i].size(); },
        [asked = changes.asked](std::size_t i) { return asked[i].sign(); }
    );
}

void statistics::on_resize(
    const trace::change& before, const trace::change& after, trace::resizing how
) {
    const bool copied = how == trace::resizing::copied;
    on_changes({copied ? &after : &before, 1});
    --events_; // both are one
    on_changes({copied ? &before : &after, 1});
}

/// Apart from the loop, which would keep less in registers around it.
[[gnu::noinline]] statistics::counts& statistics::large(std::uint32_t size) { return large_[size]; }

void statistics::on_failure(const trace::failure& f) {
    const std::uint64_t before = events_++;
    refusal& of_size = refusals_[f.size];
    if (of_size.count++ != 0) return;
    of_size.at_least = f.at_least;
    of_size.first_event = before;
    of_size.live_bytes = static_cast<std::uint64_t>(peak_bytes_ - bytes_below_peak_);
    for (const counts& c : small_)
        of_size.live_blocks += static_cast<std::uint64_t>(c.live());
    for (const auto& [size, c] : large_)
        of_size.live_blocks += static_cast<std::uint64_t>(c.live());
}

void statistics::on_live(const trace::change& taken, bool certain) {
    leftover& of_size = leftovers_[taken.size];
    ++of_size.blocks;
    if (certain) ++of_size.certain;
}

void statistics::unite(const statistics& other) {
    const auto add = [](counts& to, const counts& from) {
        const std::int64_t live = to.live() + from.live();
        to.changes += from.changes;
        to.max_load = std::max(to.max_load, from.max_load);
        to.below_max = to.max_load - live;
    };
    for (std::uint32_t size = 0; size < small_limit; ++size)
        add(small_[size], other.small_[size]);
    for (const auto& [size, of_size] : other.large_)
        add(large_[size], of_size);
    for (const auto& [size, left] : other.leftovers_) {
        leftovers_[size].blocks += left.blocks;
        leftovers_[size].certain += left.certain;
    }
    for (const auto& [size, refused] : other.refusals_) {
        const auto [entry, is_new] = refusals_.try_emplace(size, refused);
        if (!is_new) entry->second.count += refused.count;
    }
    events_ += other.events_;
    if (other.peak_bytes_ <= peak_bytes_) return;
    peak_bytes_ = other.peak_bytes_;
    peak_event_ = other.peak_event_;
}

std::vector<size_usage> statistics::rows() const {
    std::vector<size_usage> rows;
    const auto add = [&](std::uint32_t size, const counts& of_size) {
        if (of_size.changes != 0)
            rows.push_back({size, static_cast<std::uint64_t>(of_size.max_load), of_size.taken()});
    };
    for (std::uint32_t size = 0; size < small_limit; ++size)
        add(size, small_[size]);
    for (const auto& [size, of_size] : large_)
        add(size, of_size);
    std::ranges::sort(rows, {}, &size_usage::size);
    return rows;
}

std::uint64_t statistics::maximum_usage() const {
    std::uint64_t bytes = 0;
    for (const size_usage& row : rows())
        bytes += row.size * row.max_load;
    return bytes;
}

} // namespace drone::usage

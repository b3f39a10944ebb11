// SPDX-License-Identifier: MIT

#include "usage/statistics.hpp"

#include <algorithm>

namespace drone::usage {

template <class Change>
void statistics::count(std::span<const Change> changes, auto size_of, auto gives_back) {
    // No branch on what cannot be predicted: whether a block is taken or given back. A new maximum
    // is rare.
    counts* const small = small_.data();
    std::int64_t live_bytes = live_bytes_;
    std::int64_t peak_bytes = peak_bytes_;
    for (const Change& c : changes) {
        const std::uint32_t size = size_of(c);
        const std::size_t direction = gives_back(c);
        counts& of_size = size < small_limit ? small[size] : large(size);
        ++of_size.changes[direction];
        if (of_size.live() > of_size.max_load) [[unlikely]] {
            if (of_size.max_load == 0 && size < small_limit) small_seen_.push_back(size);
            of_size.max_load = of_size.live();
        }
        const std::int64_t mask = -static_cast<std::int64_t>(direction);
        live_bytes += (std::int64_t{size} ^ mask) - mask;
        if (live_bytes > peak_bytes) [[unlikely]] {
            peak_bytes = live_bytes;
            peak_event_ = events_ + static_cast<std::uint64_t>(&c - changes.data()) + 1;
        }
    }
    live_bytes_ = live_bytes;
    peak_bytes_ = peak_bytes;
    events_ += changes.size();
}

template <class Change>
void statistics::count_sampled(std::span<const Change> changes, auto size_of, auto gives_back) {
    while (!changes.empty()) {
        const auto until_due = std::min<std::uint64_t>(changes.size(), history_.due() - sampled_);
        count(changes.first(until_due), size_of, gives_back);
        changes = changes.subspan(until_due);
        sampled_ += until_due;
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
        changes,
        [](const trace::change& c) { return c.size; },
        [](const trace::change& c) { return c.gives_back; }
    );
}

void statistics::on_brief_changes(std::span<const trace::brief_change> changes, std::uint16_t) {
    count_sampled(
        changes,
        [](const trace::brief_change& c) { return c.size(); },
        [](const trace::brief_change& c) { return c.gives_back(); }
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
    of_size.live_bytes = static_cast<std::uint64_t>(live_bytes_);
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
        to.max_load = std::max(to.max_load, from.max_load);
        to.changes[0] += from.changes[0];
        to.changes[1] += from.changes[1];
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
        if (of_size.changes[0] != 0)
            rows.push_back({size, static_cast<std::uint64_t>(of_size.max_load), of_size.changes[0]}
            );
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

// SPDX-License-Identifier: MIT

#include "usage/statistics.hpp"

#include "base/vector_clones.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace drone::usage {

statistics::statistics() : small_(small_limit) {
    for (std::uint32_t size = 0; size < small_limit; ++size)
        small_[size].size = size;
}

/// As if all sizes were small. Returns the sizes or-ed, which shows whether one is not. No branches
/// and no state, so that compilers make vectors of it.
DRONE_VECTOR_CLONES std::uint32_t
statistics::fill(batch& to, counts* small, std::span<const trace::request> asked) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        const std::uint32_t size = asked[i].size();
        bits |= size;
        to.of_size[i] = small + size % small_limit;
        to.blocks[i] = asked[i].fewer();
        to.bytes[i] = asked[i].fewer() * static_cast<std::int32_t>(size);
    }
    return bits;
}

/// `fill_from` fills the batch with so many changes, from a given one on, as fill() does.
void statistics::count_in_batches(std::size_t changes, auto size_at, auto fill_from) {
    for (std::size_t at = 0; at < changes;) {
        const std::size_t most = std::min(changes - at, counted_at_once);
        const auto now = std::min<std::uint64_t>(most, history_.due() - sampled_);
        if (fill_from(at, now) >= small_limit) [[unlikely]]
            for (std::size_t i = 0; i < now; ++i)
                batch_.of_size[i] = &of_size(size_at(at + i));
        count(now);
        at += now;
        sampled_ += now;
        if (sampled_ == history_.due()) sample();
    }
}

/// Counts so many changes of the batch.
void statistics::count(std::size_t changes) {
    // No branch on what cannot be predicted: whether a block is taken or given back. A new maximum
    // is rare, and shows as a sign.
    std::int64_t below_peak = bytes_below_peak_;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < changes; ++i) {
        counts& of_size = *batch_.of_size[i];
        ++of_size.changes;
        of_size.below_max += batch_.blocks[i];
        if (of_size.below_max < 0) [[unlikely]]
            note_maximum(of_size);
        below_peak += batch_.bytes[i];
        if (below_peak < 0) [[unlikely]] {
            peak_bytes_ -= std::exchange(below_peak, 0);
            peak_event_ = events_ + i + 1;
        }
    }
    bytes_below_peak_ = below_peak;
    events_ += changes;
}

/// Apart from the loop, which would keep less in registers around it.
[[gnu::noinline]] void statistics::note_maximum(counts& of_size) {
    if (of_size.max_load++ == 0) seen_.push_back(&of_size);
    of_size.below_max = 0;
}

void statistics::sample() {
    history_.sample([this](auto note) {
        std::int64_t live = 0;
        for (const counts* const c : seen_) {
            note(c->size, static_cast<std::uint64_t>(c->live()));
            live += c->live();
        }
        note(UINT64_MAX /* all sizes */, static_cast<std::uint64_t>(live));
    });
}

void statistics::on_changes(std::span<const trace::change> changes) {
    const auto size_at = [&](std::size_t i) { return changes[i].size; };
    count_in_batches(changes.size(), size_at, [&](std::size_t begin, std::size_t count) {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const trace::change& c = changes[begin + i];
            bits |= c.size;
            batch_.of_size[i] = &small_[c.size % small_limit];
            batch_.blocks[i] = c.gives_back ? 1 : -1;
            batch_.bytes[i] = batch_.blocks[i] * std::int64_t{c.size};
        }
        return bits;
    });
}

void statistics::on_brief_changes(const trace::brief_changes& changes) {
    const auto size_at = [&](std::size_t i) { return changes.asked[i].size(); };
    count_in_batches(changes.size(), size_at, [&](std::size_t begin, std::size_t count) {
        return fill(batch_, small_.data(), changes.asked.subspan(begin, count));
    });
}

void statistics::on_resize(
    const trace::change& before, const trace::change& after, trace::resizing how
) {
    const bool copied = how == trace::resizing::copied;
    on_changes({copied ? &after : &before, 1});
    --events_; // both are one
    on_changes({copied ? &before : &after, 1});
}

void statistics::on_failure(const trace::failure& f) {
    const std::uint64_t before = events_++;
    refusal& refused = refusals_[f.size];
    if (refused.count++ != 0) return;
    refused.at_least = f.at_least;
    refused.first_event = before;
    refused.live_bytes = static_cast<std::uint64_t>(peak_bytes_ - bytes_below_peak_);
    for (const counts* const c : seen_)
        refused.live_blocks += static_cast<std::uint64_t>(c->live());
}

void statistics::on_live(const trace::change& taken, bool certain) {
    leftover& of_size = leftovers_[taken.size];
    ++of_size.blocks;
    if (certain) ++of_size.certain;
}

void statistics::unite(const statistics& other) {
    const auto add = [this](const counts& from) {
        counts& to = of_size(from.size);
        const std::int64_t live = to.live() + from.live();
        to.changes += from.changes;
        to.max_load = std::max(to.max_load, from.max_load);
        to.below_max = to.max_load - live;
    };
    std::ranges::for_each(other.small_, add);
    std::ranges::for_each(other.large_ | std::views::values, add);
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
    const auto add = [&](const counts& c) {
        if (c.changes != 0)
            rows.push_back({c.size, static_cast<std::uint64_t>(c.max_load), c.taken()});
    };
    std::ranges::for_each(small_, add);
    std::ranges::for_each(large_ | std::views::values, add);
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

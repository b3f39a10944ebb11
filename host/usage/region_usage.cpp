// SPDX-License-Identifier: MIT
#include "usage/region_usage.hpp"

#include "usage/halve.hpp"

#include <drone/region_layout.hpp>

#include <algorithm>

namespace drone::usage {

namespace {

/// Bytes that the pools leave.
std::uint64_t bytes_of(const trace::traced_heap& heap) {
    std::uint64_t bytes = heap.size;
    for (const trace::traced_pool& pool : heap.pools)
        bytes -= std::min<std::uint64_t>(bytes, std::uint64_t{pool.block_size} * pool.capacity);
    return bytes;
}

} // namespace

region_usage::region_usage(const trace::traced_heap& heap) : place_(heap.region) {
    if (place_.units == 0) return;
    is_ours_ = place_.unit == region_granule && !heap.is_foreign();
    room_ = std::uint64_t{place_.units} * place_.unit;
    bytes_ = is_ours_ ? std::max(bytes_of(heap), room_) : room_;
    least_hole_ = room_;
    const std::uint64_t least_rest =
        is_ours_ ? std::uint64_t{least_region_block} * region_granule : 1;
    blocks_ = occupancy(room_, least_rest);
}

std::uint64_t region_usage::begin_of(const trace::change& c) const {
    return std::uint64_t{c.block - place_.first_block} * place_.unit;
}

/// The block of this address, which may have a header in front.
occupancy::blocks::const_iterator region_usage::find(const trace::change& c) const {
    const std::uint64_t begin = begin_of(c);
    auto found = live().find(begin);
    if (found == live().end() && is_ours_ && begin != 0)
        found = live().find(begin - region_granule);
    return found;
}

void region_usage::take(const trace::change& c, bool pool_full, std::uint64_t event) {
    region_requests& of_size = requests_[c.size];
    ++of_size.count;
    if (pool_full) ++of_size.pool_full;
    ++total_;
    occupy(c, c.size > small_request_limit);
    max_load_ = std::max<std::uint64_t>(max_load_, live().size());
    note(event);
}

void region_usage::give_back(const trace::change& c, std::uint64_t event) {
    vacate(c);
    note(event);
}

void region_usage::resize(
    const trace::change& before, const trace::change& after, std::uint64_t event
) {
    const auto own = find(before);
    // One that stays keeps its header, or has none; one that moves is taken before it is given back.
    if (before.block == after.block && own != live().end()) {
        const bool has_header = own->first != begin_of(before);
        blocks_.give_back(own);
        occupy(after, has_header);
    } else {
        occupy(after, after.size > small_request_limit);
        vacate(before);
    }
    note(event);
}

void region_usage::occupy(const trace::change& c, bool has_header) {
    const std::uint64_t size = std::max<std::uint32_t>(c.size, 1);
    std::uint64_t begin = begin_of(c);
    std::uint64_t length = (size + place_.unit - 1) / place_.unit * place_.unit;
    has_header = has_header && is_ours_ && begin != 0;
    if (has_header) {
        // It is known by its length.
        constexpr std::uint64_t shortest = small_request_limit + 2 * region_granule;
        begin -= region_granule;
        length = std::max(length + region_granule, shortest);
    }
    if (is_ours_) length = std::max(length, std::uint64_t{least_region_block} * region_granule);
    const std::uint64_t header = has_header ? region_granule : 0;
    blocks_.take(begin, {.end = begin + length, .beside = header});
    peak_ = std::max(peak_, bytes_in_use());
}

void region_usage::vacate(const trace::change& c) {
    if (const auto own = find(c); own != live().end()) blocks_.give_back(own);
}

void region_usage::note(std::uint64_t event) {
    const std::uint64_t hole = largest_hole();
    if (hole < least_hole_) {
        least_hole_ = hole;
        least_hole_event_ = event;
    }
    while (event > most_stretches * stretch_) {
        halve(history_, [](const region_stretch& first, const region_stretch& second) {
            return region_stretch{
                .events = second.events,
                .most_in_use = std::max(first.most_in_use, second.most_in_use),
                .least_hole = std::min(first.least_hole, second.least_hole),
            };
        });
        stretch_ *= 2;
    }
    while (history_.size() * stretch_ < event) {
        // Without an event of the region in between nothing changed.
        history_.push_back(
            {.events = (history_.size() + 1) * stretch_,
             .most_in_use = bytes_in_use(),
             .least_hole = hole}
        );
    }
    region_stretch& now = history_.back();
    now.events = event;
    now.most_in_use = std::max(now.most_in_use, bytes_in_use());
    now.least_hole = std::min(now.least_hole, hole);
}

} // namespace drone::usage

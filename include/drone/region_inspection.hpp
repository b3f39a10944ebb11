// SPDX-License-Identifier: MIT
#pragma once

// What examines a region and changes nothing: what an address is, a walk over the blocks, the
// invariants. Part of region.hpp.

#include <drone/region.hpp>

namespace drone {

template <class Place>
region_kind region<Place>::kind_of(const std::byte* arena, const void* address) const noexcept {
    const work now = work_in(arena);
    const region_layout& at = place_.layout();
    // Compared as integers: a foreign pointer is in no order with the arena's.
    const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(address) -
                                  reinterpret_cast<std::uintptr_t>(arena + at.first_block());
    if (offset % region_granule != 0 || offset / region_granule >= at.granules)
        return region_kind::none;
    const auto number = static_cast<std::uint32_t>(offset / region_granule) + at.first;
    if (now.tags.is_set(number)) {
        if (now.tags.begins_free(number)) return region_kind::free;
        return now.tags.begins_used(number) && now.tags.span(number) <= region_tags::longest_small
                   ? region_kind::used
                   : region_kind::none;
    }
    const std::uint32_t begin = number - 1;
    if (number == at.first || !now.tags.begins_used(begin) ||
        now.tags.span(begin) <= region_tags::longest_small)
        return region_kind::none;
    // A user may have written to the header: the block ends where the next tag is.
    const std::uint32_t length = now.block(begin).size;
    return length > region_tags::longest_small && length <= at.last() - begin &&
                   now.tags.is_set(begin + length)
               ? region_kind::used
               : region_kind::none;
}

template <class Place>
template <class Visitor>
bool region<Place>::for_each_block(const std::byte* arena, Visitor visit) const noexcept {
    const work now = work_in(arena);
    const region_layout& at = place_.layout();
    std::uint32_t number = at.first;
    while (number < at.last()) {
        if ((now.tags.from(number) & 1U) == 0) return false;
        const bool free = now.tags.is_free(number);
        std::uint32_t length = free ? std::uint32_t{now.block(number).size} : now.tags.span(number);
        if (length > region_tags::longest_small) length = now.block(number).size;
        if (length < least_region_block || length > at.last() - number) return false;
        visit(
            free ? region_kind::free : region_kind::used,
            at.first_block() + (number - at.first) * region_granule,
            length * region_granule
        );
        number += length;
    }
    return true;
}

template <class Place>
bool region<Place>::invariants_hold(const std::byte* arena) const noexcept {
    const work now = work_in(arena);
    const region_layout& at = place_.layout();
    const auto is_number = [&](std::uint32_t number) {
        return number >= at.first && number < at.last() && now.tags.begins_free(number);
    };
    std::uint32_t free_blocks = 0;
    bool after_free = false;
    bool sound = true;
    const bool complete =
        for_each_block(arena, [&](region_kind what, std::uint32_t offset, std::uint32_t bytes) {
            const std::uint32_t begin = (offset - at.first_block()) / region_granule + at.first;
            const std::uint32_t length = bytes / region_granule;
            const bool free = what == region_kind::free;
            for (std::uint32_t inner = free ? 2 : 1; inner < length; ++inner)
                sound = sound && (now.tags.from(begin + inner) & 1U) == 0;
            if (free) {
                ++free_blocks;
                const auto& block = now.block(begin);
                sound = sound && !after_free && now.in_front(begin + length) == length;
                sound = sound && (block.next == 0 ||
                                  (is_number(block.next) && now.block(block.next).before == begin));
                sound = sound &&
                        (block.before < lists::bin_count
                             ? block.before == bin_of(length) && lists_.heads[block.before] == begin
                             : is_number(block.before) && now.block(block.before).next == begin);
            }
            after_free = free;
        });
    if (!complete || !sound) return false;
    std::uint32_t non_empty = 0;
    std::uint32_t listed = 0;
    for (std::uint32_t bin = 0; bin < lists::bin_count; ++bin) {
        if (lists_.heads[bin] != 0) non_empty |= lists::bit_of(bin);
        for (std::uint32_t number = lists_.heads[bin]; number != 0;
             number = now.block(number).next) {
            if (!is_number(number) || bin_of(now.block(number).size) != bin) return false;
            if (++listed > free_blocks) return false; // a cycle
        }
    }
    return lists_.heads[0] == 0 && non_empty == lists_.non_empty && listed == free_blocks &&
           (now.tags.from(at.last()) & 3U) == 1 && !now.tags.is_set(at.first - 1);
}

} // namespace drone

// SPDX-License-Identifier: MIT

#include "trace/formats/native/block_map.hpp"

#include <algorithm>

namespace drone::trace {

block_map::block_map(const traced_heap& heap) : pools_(heap.pools) {
    std::ranges::sort(pools_, {}, &traced_pool::offset);
    for (const traced_pool& pool : pools_) {
        block_count_ += pool.capacity;
        end_ = pool.offset + pool.block_size * pool.capacity;
    }
    entries_ = zeroed_array<entry>(end_ / granule);
    filled_.resize((block_count_ + page - 1) / page);
}

block_map::place block_map::find(std::uint32_t offset) {
    const entry& found = entries_[offset / granule];
    if (!found.is_filled()) fill_near(offset / granule);
    return {found.first_byte(), found.number()};
}

void block_map::fill_near(std::size_t granule_number) {
    constexpr std::size_t at_a_time = 512;
    std::size_t at = granule_number / at_a_time * at_a_time;
    const std::size_t end = std::min(at + at_a_time, entries_.size());
    while (at != end) {
        const auto offset = static_cast<std::uint32_t>(at * granule);
        const traced_pool& pool =
            *std::prev(std::ranges::upper_bound(pools_, offset, {}, &traced_pool::offset));
        const std::size_t pool_end =
            std::min<std::size_t>(end, (pool.offset + pool.block_size * pool.capacity) / granule);
        std::uint32_t index = (offset - pool.offset) / pool.block_size;
        std::uint32_t first = pool.offset + index * pool.block_size;
        for (; at != pool_end; ++at) {
            if (at * granule == first + pool.block_size) {
                ++index;
                first += pool.block_size;
            }
            const block_number number = pool.first_block + index;
            entries_[at] = {first, number};
            filled_[std::to_underlying(number) / page] = true;
        }
    }
}

} // namespace drone::trace

// SPDX-License-Identifier: MIT

#include "trace/formats/native/layout.hpp"

namespace drone::trace {

namespace {
/// More contexts than this do not interrupt each other within one announcement.
constexpr std::size_t nesting_limit = 16;
} // namespace

std::optional<announced_trace> announcement_parser::feed(wire::word control) {
    using sub = wire::control;
    if (control.as_control() == sub::begin) {
        if (open_.size() == nesting_limit) open_.erase(open_.begin());
        open_.push_back({.head = wire::decode_begin(control), .sum = wire::checksum(0, control)});
        return std::nullopt;
    }
    if (open_.empty()) return std::nullopt;
    partial& inner = open_.back();
    switch (control.as_control()) {
    case sub::heap_size:
        inner.head.size = control.data() + 1;
        inner.size_seen = true;
        break;
    case sub::pool_block:
        inner.pools.push_back({.block = control.data(), .capacity = 0});
        break;
    case sub::pool_capacity:
        if (!inner.pools.empty()) inner.pools.back().capacity = control.data();
        break;
    case sub::layout_end: {
        const partial done = inner;
        open_.pop_back();
        if (done.sum != control.data()) return std::nullopt;
        return finish(done);
    }
    default:
        return std::nullopt;
    }
    inner.sum = wire::checksum(inner.sum, control);
    return std::nullopt;
}

std::optional<announced_trace> announcement_parser::finish(const partial& open) {
    if (!open.size_seen || open.pools.size() != open.head.pool_count) return std::nullopt;
    const auto error =
        check_layout(open.pools.data(), open.pools.size(), open.head.size, open.head.alignment);
    if (error != layout_error::none) return std::nullopt;
    std::vector<pool_layout> placed(open.pools.size());
    place_pools(open.pools.data(), open.pools.size(), open.head.alignment, placed.data());
    announced_trace found{
        .version = open.head.version,
        .flags = open.head.flags,
        .heap = {.size = open.head.size, .pools = {}},
    };
    std::uint32_t first_block = 0;
    for (const pool_layout& pool : placed) {
        found.heap.pools.push_back(
            {pool.block, pool.capacity, pool.alignment, pool.offset, first_block}
        );
        first_block += pool.capacity;
    }
    return found;
}

block_map::block_map(const traced_heap& heap) {
    for (const traced_pool& pool : heap.pools) {
        const std::uint32_t block_granules = pool.block / granule;
        places_.resize(std::max<std::size_t>(
            places_.size(), pool.offset / granule + std::size_t{block_granules} * pool.capacity
        ));
        for (std::uint32_t i = 0; i < pool.capacity; ++i) {
            const std::uint32_t first_byte = pool.offset + i * pool.block;
            for (std::uint32_t g = 0; g < block_granules; ++g)
                places_[first_byte / granule + g] = {first_byte, pool.first_block + i};
        }
        block_count_ += pool.capacity;
    }
}

} // namespace drone::trace

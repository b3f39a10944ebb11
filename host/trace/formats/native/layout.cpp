// SPDX-License-Identifier: MIT

#include "trace/formats/native/layout.hpp"

#include "trace/formats/native/version_1.hpp"

#include <drone/region_code.hpp>

#include <algorithm>
#include <utility>

namespace drone::trace {

namespace {
/// More contexts than this do not interrupt each other within one announcement.
constexpr std::size_t nesting_limit = 16;
} // namespace

bool is_of_announcement(wire::word w) {
    using sub = wire::control;
    if (w.op() != wire::operation::control) return false;
    switch (w.as_control()) {
    case sub::begin:
    case sub::heap_size:
    case sub::pool_block:
    case sub::pool_capacity:
    case sub::identity:
    case sub::region:
    case sub::layout_end:
        return true;
    default:
        return false;
    }
}

std::optional<announced_trace> announcement_parser::feed(wire::word w) {
    using sub = wire::control;
    if (!is_of_announcement(w)) return std::nullopt;
    if (w.as_control() == sub::begin) {
        if (open_.size() == nesting_limit) {
            open_.erase(open_.begin());
            fragments_ = true;
        }
        partial fresh{.head = wire::decode_begin(w)};
        const bool old = fresh.head.version < 2;
        fresh.sum = wire::checksum(
            0,
            old ? version_1::without_flags(w)
                : wire::with_flags(w, fresh.head.flags & ~wire::flag_continues)
        );
        open_.push_back(std::move(fresh));
        return std::nullopt;
    }
    if (open_.empty()) {
        fragments_ = true;
        return std::nullopt;
    }
    partial& inner = open_.back();
    switch (w.as_control()) {
    case sub::heap_size:
        inner.head.size = w.data() + 1;
        inner.size_seen = true;
        break;
    case sub::pool_block:
        inner.pools.push_back({.block = w.data(), .capacity = 0});
        break;
    case sub::pool_capacity:
        if (!inner.pools.empty()) inner.pools.back().capacity = w.data();
        break;
    case sub::region:
        inner.region = w.data();
        break;
    case sub::identity:
        inner.identity = w.data(); // not in the checksum, but in the last word
        return std::nullopt;
    case sub::layout_end: {
        const partial done = std::move(inner);
        open_.pop_back();
        auto whole = finish(done, w);
        if (!whole) fragments_ = true;
        return whole;
    }
    default:
        break;
    }
    inner.sum = wire::checksum(inner.sum, w);
    return std::nullopt;
}

std::optional<announced_trace> announcement_parser::finish(const partial& open, wire::word end) {
    const bool old = open.head.version < 2;
    const bool continues = !old && (open.head.flags & wire::flag_continues) != 0;
    const wire::word right = wire::make_layout_end(open.sum, open.identity, continues);
    if (end != right || !is_known_version(open.head.version)) return std::nullopt;
    if (!open.size_seen || open.pools.size() != open.head.pool_count) return std::nullopt;
    const std::uint32_t pools_end = open.region.value_or(open.head.size);
    if (pools_end > open.head.size || (open.region && pools_end == open.head.size))
        return std::nullopt;
    const bool can_be =
        open.pools.empty()
            ? open.region.has_value()
            : check_layout(open.pools.data(), open.pools.size(), pools_end, open.head.alignment) ==
                  layout_error::none;
    if (!can_be) return std::nullopt;
    std::vector<pool_layout> placed(open.pools.size());
    place_pools(open.pools.data(), open.pools.size(), open.head.alignment, placed.data());
    announced_trace found{
        .version = open.head.version,
        .flags = open.head.flags,
        .seed = old ? 0 : open.sum,
        .heap = {.size = open.head.size, .pools = {}, .region = {}, .identity = open.identity},
    };
    block_number first_block{};
    for (const pool_layout& pool : placed) {
        found.heap.pools.push_back(
            {pool.block, pool.capacity, pool.alignment, pool.offset, first_block}
        );
        first_block = first_block + pool.capacity;
    }
    if (open.region) {
        const std::uint32_t unit = std::min(open.head.alignment, wire::region_code::unit_limit);
        const std::uint32_t units = (open.head.size - pools_end + unit - 1) / unit;
        found.heap.region = {pools_end, unit, units, first_block};
    }
    return found;
}

} // namespace drone::trace

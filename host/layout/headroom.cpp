// SPDX-License-Identifier: MIT
#include "layout/headroom.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace drone::layout {

namespace {

/// The weight of pool `index` of `count` > 1, times 4 * (count - 1)^2.
std::uint64_t weight(std::size_t index, std::size_t count) {
    const auto span = static_cast<std::int64_t>(count - 1);
    const std::int64_t off_middle = span - 2 * static_cast<std::int64_t>(index);
    return static_cast<std::uint64_t>(4 * span * span - 3 * off_middle * off_middle);
}

std::vector<std::uint32_t> blocks_of(const optimum& base) {
    std::vector<std::uint32_t> blocks;
    blocks.reserve(base.pools.size());
    for (const pool_load& pool : base.pools)
        blocks.push_back(pool.block);
    return blocks;
}

/// The capacities as pools; nothing where one does not fit 32 bits.
std::optional<sized_layout> sized(optimum base, std::span<const std::uint64_t> capacities) {
    sized_layout made;
    for (std::size_t pool = 0; pool < base.pools.size(); ++pool) {
        if (capacities[pool] > UINT32_MAX) return std::nullopt;
        made.pools.push_back(
            {.block = base.pools[pool].block,
             .capacity = static_cast<std::uint32_t>(capacities[pool])}
        );
    }
    made.base = std::move(base);
    return made;
}

std::vector<std::uint64_t> scaled_loads(const optimum& base, growth scale) {
    std::vector<std::uint64_t> capacities;
    capacities.reserve(base.pools.size());
    for (const pool_load& pool : base.pools)
        capacities.push_back(static_cast<std::uint64_t>(scale.of(pool.load)));
    return capacities;
}

/// The largest growth, and the layout best for it, that takes at most `bytes`.
struct grown {
    growth scale;
    optimum base;
};
grown largest_growth(optimizer& search, std::size_t pools, optimum base, std::uint64_t bytes) {
    const auto fits = [bytes](const optimum& layout) {
        return static_cast<std::uint64_t>(layout.bytes) <= bytes;
    };
    grown best{.scale = growth(), .base = std::move(base)};
    // No load can grow beyond what the bytes hold of its own blocks alone.
    std::uint64_t too_large =
        (bytes / static_cast<std::uint64_t>(std::max<std::int64_t>(best.base.bytes, 1)) + 1)
        << growth::fraction_bits;
    std::uint64_t fitting = best.scale.units();
    while (too_large - fitting > 1) {
        const growth middle(fitting + (too_large - fitting) / 2);
        auto layout = search.best(pools, middle);
        if (layout && fits(*layout)) {
            fitting = middle.units();
            best = {.scale = middle, .base = *std::move(layout)};
        } else {
            too_large = middle.units();
        }
    }
    return best;
}

std::uint64_t
bytes_with(std::span<const std::uint32_t> blocks, std::span<const std::uint64_t> capacities) {
    std::uint64_t bytes = 0;
    for (std::size_t pool = 0; pool < blocks.size(); ++pool)
        bytes += capacities[pool] * blocks[pool];
    return bytes;
}

/// The largest of [fitting, too_large) that fits; what fits less than another fits, too.
std::uint64_t largest_fitting(std::uint64_t fitting, std::uint64_t too_large, auto fits) {
    while (too_large - fitting > 1) {
        const std::uint64_t middle = fitting + (too_large - fitting) / 2;
        (fits(middle) ? fitting : too_large) = middle;
    }
    return fitting;
}

/// Twice each load, or as near to that as the bytes allow, and a block to spare at least: where even
/// that is too much, for the smaller blocks.
std::vector<std::uint64_t> floors_of(
    std::span<const std::uint32_t> blocks, std::span<const std::uint64_t> loads, std::uint64_t bytes
) {
    constexpr std::uint64_t once = std::uint64_t{1} << growth::fraction_bits;
    std::vector<std::uint64_t> floors(loads.size());
    const auto grow_by = [&](std::uint64_t units) {
        for (std::size_t pool = 0; pool < loads.size(); ++pool) {
            const auto load = static_cast<std::int64_t>(loads[pool]);
            floors[pool] =
                std::max(static_cast<std::uint64_t>(growth(units).of(load)), loads[pool] + 1);
        }
        return bytes_with(blocks, floors) <= bytes;
    };
    if (grow_by(once)) {
        grow_by(largest_fitting(once, 2 * once + 1, grow_by));
        return floors;
    }
    std::ranges::copy(loads, floors.begin());
    std::uint64_t rest = bytes - bytes_with(blocks, floors);
    for (std::size_t pool = 0; pool < blocks.size() && blocks[pool] <= rest; ++pool) {
        ++floors[pool];
        rest -= blocks[pool];
    }
    return floors;
}

/// Raises the capacities to their floors and takes what that needs from the pools that have most
/// beside their loads, so that these end at one ratio. What rounding leaves goes back to them, from
/// the largest block down.
void raise_to(
    std::span<const std::uint64_t> floors,
    std::span<const std::uint32_t> blocks,
    std::span<const std::uint64_t> loads,
    std::uint64_t bytes,
    std::span<std::uint64_t> capacities
) {
    constexpr unsigned bits = growth::fraction_bits;
    std::vector<std::uint64_t> kept(capacities.size());
    std::uint64_t most = 0;
    for (std::size_t pool = 0; pool < kept.size(); ++pool)
        most = std::max(most, (capacities[pool] << bits) / loads[pool]);
    const auto keep = [&](std::uint64_t ratio) {
        for (std::size_t pool = 0; pool < kept.size(); ++pool) {
            const bool whole = ratio >= (capacities[pool] << bits) / loads[pool];
            const std::uint64_t left = whole ? capacities[pool] : ratio * loads[pool] >> bits;
            kept[pool] = std::max(left, floors[pool]);
        }
        return bytes_with(blocks, kept) <= bytes;
    };
    keep(largest_fitting(0, most + 1, keep));
    std::uint64_t rest = bytes - bytes_with(blocks, kept);
    for (std::size_t pool = kept.size(); pool-- > 0;) {
        const std::uint64_t lent = std::max(capacities[pool], kept[pool]) - kept[pool];
        const std::uint64_t back = std::min(lent, rest / blocks[pool]);
        capacities[pool] = kept[pool] + back;
        rest -= back * blocks[pool];
    }
    for (std::size_t pool = kept.size(); pool-- > 0;) {
        capacities[pool] += rest / blocks[pool];
        rest %= blocks[pool];
    }
}

/// Grows each capacity by the factor and a block at least, while it fits; returns what is then
/// free.
std::uint64_t add_reserve(
    const optimum& base, growth scale, std::uint64_t free_bytes, std::span<std::uint64_t> capacities
) {
    for (std::size_t pool = 0; pool < capacities.size(); ++pool) {
        const std::uint32_t block = base.pools[pool].block;
        const auto grown = static_cast<std::uint64_t>(scale.of(base.pools[pool].load));
        const std::uint64_t more = std::max<std::uint64_t>(grown - capacities[pool], 1);
        const std::uint64_t fitting = std::min(more, free_bytes / block);
        capacities[pool] += fitting;
        free_bytes -= fitting * block;
    }
    return free_bytes;
}

} // namespace

std::optional<headroom> headroom_named(std::string_view name) {
    if (name == "spread") return headroom::spread;
    if (name == "none") return headroom::none;
    if (name == "scale") return headroom::scale;
    if (name == "balanced") return headroom::balanced;
    return std::nullopt;
}

void spread_over(
    std::span<const std::uint32_t> blocks,
    std::uint64_t free_bytes,
    std::span<std::uint64_t> capacities
) {
    const std::size_t count = blocks.size();
    std::uint64_t rest = free_bytes;
    const auto add = [&](std::size_t pool, std::uint64_t more) {
        const std::uint64_t fitting = std::min(more, rest / blocks[pool]);
        capacities[pool] += fitting;
        rest -= fitting * blocks[pool];
    };
    if (count > 1) {
        std::uint64_t all = 0;
        for (std::size_t pool = 0; pool < count; ++pool)
            all += weight(pool, count);
        for (std::size_t pool = 0; pool < count; ++pool) {
            const std::uint64_t divisor = all * blocks[pool];
            add(pool, (2 * free_bytes * weight(pool, count) + divisor) / (2 * divisor));
        }
    }
    for (std::size_t pool = count; pool-- > 0;)
        add(pool, rest / blocks[pool]);
}

void spread_with_floor(
    std::span<const std::uint32_t> blocks,
    std::uint64_t free_bytes,
    std::span<std::uint64_t> capacities
) {
    const std::vector<std::uint64_t> loads(capacities.begin(), capacities.end());
    const std::uint64_t bytes = bytes_with(blocks, loads) + free_bytes;
    spread_over(blocks, free_bytes, capacities);
    const std::vector<std::uint64_t> floors = floors_of(blocks, loads, bytes);
    const bool above = std::ranges::equal(capacities, floors, std::greater_equal{});
    if (!above) raise_to(floors, blocks, loads, bytes, capacities);
}

std::optional<sized_layout> size_layout(optimizer& search, const sizing& wanted) {
    auto base = search.best(wanted.pools);
    if (!base || static_cast<std::uint64_t>(base->bytes) > wanted.size) return std::nullopt;
    std::uint64_t free_bytes = wanted.size - static_cast<std::uint64_t>(base->bytes);
    std::vector<std::uint64_t> capacities = scaled_loads(*base, growth());
    switch (wanted.rule) {
    case headroom::none:
    case headroom::spread:
        if (wanted.uncertainty)
            free_bytes = add_reserve(*base, *wanted.uncertainty, free_bytes, capacities);
        if (wanted.rule == headroom::spread)
            spread_with_floor(blocks_of(*base), free_bytes, capacities);
        break;
    case headroom::scale: {
        grown best = largest_growth(search, wanted.pools, *std::move(base), wanted.size);
        base = std::move(best.base);
        capacities = scaled_loads(*base, best.scale);
        break;
    }
    case headroom::balanced: {
        const std::uint64_t half = wanted.size - free_bytes / 2;
        grown best = largest_growth(search, wanted.pools, *std::move(base), half);
        base = std::move(best.base);
        capacities = scaled_loads(*base, best.scale);
        const std::uint64_t left = wanted.size - bytes_with(blocks_of(*base), capacities);
        for (std::size_t pool = 0; pool < capacities.size(); ++pool)
            capacities[pool] += left / capacities.size() / base->pools[pool].block;
        break;
    }
    }
    return sized(*std::move(base), capacities);
}

std::uint32_t bytes_of(std::span<const pool_spec> pools) {
    std::uint32_t bytes = 0;
    for (const pool_spec& pool : pools)
        bytes += pool.block * pool.capacity;
    return bytes;
}

reserve reserve_of(std::span<const pool_spec> pools, std::span<const std::int64_t> loads) {
    reserve found{.factor = INFINITY, .first_full = 0};
    for (std::size_t pool = 0; pool < pools.size(); ++pool) {
        if (loads[pool] <= 0) continue;
        const double factor = pools[pool].capacity / static_cast<double>(loads[pool]);
        if (factor < found.factor) found = {.factor = factor, .first_full = pool};
    }
    return found;
}

std::vector<pool_spec> layout_without_trace(std::uint32_t size, std::size_t pools) {
    constexpr double crowding = 2.75; // the smaller the blocks, the denser
    const double largest = std::max(size / 20.0, static_cast<double>(granule));
    std::vector<std::uint32_t> blocks;
    for (std::size_t pool = 0; pool < pools; ++pool) {
        const double place =
            pools == 1 ? 1.0 : static_cast<double>(pool) / static_cast<double>(pools - 1);
        const double block = granule + (largest - granule) * std::pow(place, crowding);
        const std::uint32_t unit = place == 0 ? granule : default_alignment;
        const std::uint32_t rounded = static_cast<std::uint32_t>(std::ceil(block / unit)) * unit;
        if (blocks.empty() || rounded > blocks.back()) blocks.push_back(rounded);
    }
    std::vector<std::uint64_t> capacities(blocks.size());
    spread_over(blocks, size, capacities);
    const std::uint64_t once = std::accumulate(blocks.begin(), blocks.end(), std::uint64_t{0});
    if (once <= size && std::ranges::count(capacities, 0U) != 0) {
        std::ranges::fill(capacities, 1);
        spread_over(blocks, size - once, capacities);
    }
    std::vector<pool_spec> made;
    for (std::size_t pool = 0; pool < blocks.size(); ++pool)
        if (capacities[pool] > 0)
            made.push_back(
                {.block = blocks[pool], .capacity = static_cast<std::uint32_t>(capacities[pool])}
            );
    return made;
}

} // namespace drone::layout

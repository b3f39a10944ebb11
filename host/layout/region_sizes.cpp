// SPDX-License-Identifier: MIT
#include "layout/region_sizes.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace drone::layout {

namespace {

/// A thousandth of a region, and a block at least.
std::uint32_t stride_of(std::uint32_t region) {
    return std::max(least_region_block * region_granule, in_granules(region / 1000));
}

} // namespace

bool region_sizes::hold(std::span<const pool_spec> pools, std::uint32_t region, std::uint32_t order)
    const {
    return trials_.hold(heap_of(pools, region), order);
}

bool region_sizes::hold_in_orders(
    std::span<const pool_spec> pools, std::uint32_t region, std::uint32_t orders
) const {
    std::vector<char> held(orders);
    trials_.in_parallel(orders, [&](std::size_t order) {
        held[order] = hold(pools, region, static_cast<std::uint32_t>(order + 1)) ? 1 : 0;
    });
    return std::ranges::find(held, 0) == held.end();
}

std::uint32_t region_sizes::needed(
    std::span<const pool_spec> pools, std::uint32_t region, std::uint32_t order
) const {
    const std::uint64_t all = region + trials_.peak_granules();
    for (const std::uint64_t parts : {1U, 8U, 64U}) { // of an eighth more than all
        const std::uint64_t limit =
            std::min<std::uint64_t>(region + parts * all / 8 + 4096, INT32_MAX);
        const auto found = trials_.needed(heap_of(pools, region), order, stride_of(region), limit);
        if (found) return found->region;
    }
    return 0;
}

std::optional<trials::need> region_sizes::needed_as_traced(
    std::span<const pool_spec> pools, std::uint32_t region, std::uint64_t limit
) const {
    return trials_.needed(heap_of(pools, region), 0, stride_of(region), limit);
}

std::uint32_t region_sizes::descended(
    std::span<const pool_spec> pools, std::uint32_t from, std::uint32_t least
) const {
    const std::uint32_t few = std::min(3U, orders());
    const auto holds = [&](std::uint32_t region) {
        for (std::uint32_t order = 0; order < few; ++order)
            if (!hold(pools, region, order)) return false;
        return true;
    };
    const std::uint32_t stride = std::max(region_granule, in_granules(from / 200));
    std::uint32_t region = from;
    while (!holds(region) && region < 2 * from)
        region += stride;
    for (const std::uint32_t step : {4 * stride, stride}) // long ones first: fewer replays
        while (region >= least + step && holds(region - step))
            region -= step;
    return region;
}

std::uint32_t region_sizes::counting(
    std::span<const pool_spec> pools, std::uint32_t region, std::uint64_t limit
) const {
    std::uint32_t order = 0;
    while (region < limit) {
        region = least_in_orders(pools, region, order, limit);
        const std::uint32_t above = region < limit ? largest_failing(pools, region) : 0;
        if (above == 0) break;
        region = above + stride_of(region);
    }
    return region < limit ? region : 0;
}

/// The least region found from one on that holds every order; the limit, or more: none does. Starts
/// with that order, and leaves there the one after which nothing grew. Goes round until all orders in
/// turn hold it, a few at a time: a fixed number, so that the result is the same on every machine.
std::uint32_t region_sizes::least_in_orders(
    std::span<const pool_spec> pools,
    std::uint32_t region,
    std::uint32_t& order,
    std::uint64_t limit
) const {
    constexpr std::uint32_t at_once = 4;
    for (std::uint32_t held = 0; held < orders() && region < limit;) {
        const std::uint32_t count = std::min(at_once, orders() - held);
        std::array<bool, at_once> holds{};
        trials_.in_parallel(count, [&](std::size_t number) {
            holds[number] =
                hold(pools, region, (order + static_cast<std::uint32_t>(number)) % orders());
        });
        const auto end = holds.begin() + count;
        const auto first =
            static_cast<std::uint32_t>(std::find(holds.begin(), end, false) - holds.begin());
        held += first;
        order = (order + first) % orders();
        if (first == count) continue;
        region = grown(pools, region, order, limit);
        held = 1;
        order = (order + 1) % orders();
    }
    return region;
}

/// The next region above one that does not hold that order which holds it; the limit, or more: none
/// does. In ever longer steps, for sizes that do not hold are often side by side.
std::uint32_t region_sizes::grown(
    std::span<const pool_spec> pools, std::uint32_t region, std::uint32_t order, std::uint64_t limit
) const {
    std::uint32_t step = stride_of(region);
    const std::uint32_t longest = std::max(step, in_granules(region / effort_.longest_step));
    const std::uint32_t more = needed(pools, region, order);
    if (more == 0) return static_cast<std::uint32_t>(limit);
    for (region = std::max(more, region + step); region < limit; region += step) {
        if (hold(pools, region, order)) break;
        step = std::min(2 * step, longest);
    }
    return region;
}

/// Of the sizes above a region that are tried as traced, and with every move as a resize, up to a tenth
/// more, the largest that does not hold. 0: all hold.
std::uint32_t
region_sizes::largest_failing(std::span<const pool_spec> pools, std::uint32_t region) const {
    constexpr std::size_t parts = 5;
    std::array<std::uint32_t, parts> failing{};
    trials_.in_parallel(parts, [&](std::size_t part) {
        const std::uint32_t above =
            in_granules(region + std::uint64_t{region} / 10 * (part + 1) / parts);
        const bool holds = hold(pools, above, 0) && (!trials_.has_moves() || hold(pools, above, 1));
        if (!holds) failing[part] = above;
    });
    return std::ranges::max(failing);
}

} // namespace drone::layout

// SPDX-License-Identifier: MIT
#include "layout/overflow_plan.hpp"

#include "layout/classes.hpp"
#include "layout/fluid.hpp"
#include "layout/servable.hpp"
#include "layout/trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace drone::layout {

namespace {

std::uint32_t bytes_of(std::span<const pool_spec> pools) {
    std::uint32_t bytes = 0;
    for (const pool_spec& pool : pools)
        bytes += pool.block * pool.capacity;
    return bytes;
}

std::uint32_t in_granules(std::uint64_t bytes) {
    const std::uint64_t rounded = (bytes + region_granule - 1) / region_granule * region_granule;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(rounded, UINT32_MAX - 7));
}

/// Bytes beside the arena on the target: a list a pool, the region's lists and their bits.
std::uint32_t control_of(std::size_t pools, std::uint32_t region) {
    const std::uint32_t index = place_region(0, region).last() < UINT16_MAX ? 2 : 4;
    return static_cast<std::uint32_t>(4 * pools) + 32 * index + 4;
}

/// Bytes in which a region has room for a block, wherever the pools end.
constexpr std::uint32_t least_region = 64;
static_assert(place_region(granule, granule + least_region).granules != 0);

/// How hard to search: as runs get longer, each replay costs more and says more.
struct effort {
    std::uint32_t orders;           ///< that the heap chosen is tried in
    std::uint32_t candidate_orders; ///< that candidates are measured in
    bool both_kappas;               ///< whether candidates are fluid_model's in full, too
    std::size_t finalists;          ///< candidates that are tried in more orders
    std::uint32_t finalist_orders;  ///< so many, the traced one included
    double stride;                  ///< between sizes, of the region
};

effort effort_for(std::uint64_t steps) {
    effort made{
        .orders = 20,
        .candidate_orders = 1,
        .both_kappas = true,
        .finalists = 4,
        .finalist_orders = 21,
        .stride = 0.005,
    };
    if (steps <= 4'000) {
        made.orders = 50;
        made.candidate_orders = 3;
    }
    if (steps > 100'000) {
        made.both_kappas = false;
        made.finalists = 3;
        made.finalist_orders = 5;
    }
    if (steps > 1'000'000) {
        made.finalists = 1;
        made.stride = 0.01;
    }
    return made;
}

struct candidate {
    std::vector<pool_spec> pools;
    std::uint32_t region = 0; ///< 0: none will do
    std::uint64_t from_pools = 0;

    [[nodiscard]] std::uint64_t bytes() const {
        return std::uint64_t{region} + bytes_of(pools) + control_of(pools.size(), region);
    }
};

class search {
public:
    search(const trials& tried, std::uint32_t alignment)
        : trials_(tried), alignment_(alignment), effort_(effort_for(tried.steps())) {}

    [[nodiscard]] std::uint32_t orders() const { return effort_.orders + 1; }

    /// Pools and the least region that counts, for the fewest bytes. Among the candidates within a
    /// hundredth of the fewest in a few orders it is the one that serves most requests from pools.
    /// Nothing when no size does.
    [[nodiscard]] std::optional<candidate>
    best(std::span<const usage::demand> runs, std::size_t most_pools) const {
        std::vector<candidate> counted;
        std::uint64_t fewest = UINT64_MAX / 2;
        for (candidate& one : finalists(runs, most_pools)) {
            one.region = counting(
                one, effort_.finalist_orders, std::min(fewest + fewest / 100, 8 * one.bytes())
            );
            if (one.region == 0) continue;
            fewest = std::min(fewest, one.bytes());
            one.from_pools = trials_.from_pools(
                {.pools = one.pools, .alignment = alignment_, .region_bytes = one.region}
            );
            counted.push_back(std::move(one));
        }
        if (counted.empty()) return std::nullopt;
        std::erase_if(counted, [&](const candidate& c) {
            return c.bytes() > fewest + fewest / 100;
        });
        candidate chosen = std::ranges::max(counted, {}, &candidate::from_pools);
        chosen.region = counting(chosen, orders(), 8 * chosen.bytes());
        if (chosen.region == 0) return std::nullopt;
        return chosen;
    }

    [[nodiscard]] bool
    hold(std::span<const pool_spec> pools, std::uint32_t region, std::uint32_t order) const {
        return trials_.hold(
            {.pools = pools, .alignment = alignment_, .region_bytes = region}, order
        );
    }

    [[nodiscard]] bool
    hold_in_orders(std::span<const pool_spec> pools, std::uint32_t region) const {
        std::vector<char> held(orders());
        trials_.in_parallel(orders(), [&](std::size_t order) {
            held[order] = hold(pools, region, static_cast<std::uint32_t>(order)) ? 1 : 0;
        });
        return std::ranges::find(held, 0) == held.end();
    }

private:
    /// The least region from that of the candidate on that counts in so many orders. 0: none below the
    /// limit does.
    [[nodiscard]] std::uint32_t
    counting(const candidate& chosen, std::uint32_t orders, std::uint64_t limit) const {
        std::uint32_t region = chosen.region;
        while (region < limit) {
            const std::uint32_t held = least_in_orders(chosen.pools, region, orders, limit);
            if (held == region) {
                const std::uint32_t above = largest_failing(chosen.pools, region);
                if (above == 0) return region;
                region = above + stride_of(region);
            } else {
                region = held;
            }
        }
        return 0;
    }

    /// The candidates that promise the fewest bytes, as traced; the first of them first.
    [[nodiscard]] std::vector<candidate>
    finalists(std::span<const usage::demand> runs, std::size_t most_pools) const {
        const fluid_model model(runs);
        std::vector<candidate> all(1); // the region alone
        constexpr std::array<std::size_t, 5> counts = {2, 4, 8, 16, 32};
        for (const std::size_t count : counts) {
            for (const double kappa : {2.0, 0.0}) {
                if (kappa == 0 && !effort_.both_kappas) continue;
                std::vector<pool_spec> pools = model.choose(std::min(count, most_pools), kappa);
                const auto same = [&](const candidate& c) { return c.pools == pools; };
                if (!pools.empty() && std::ranges::none_of(all, same))
                    all.push_back({std::move(pools)});
            }
            if (count >= most_pools) break;
        }
        trials_.in_parallel(all.size(), [&](std::size_t number) { measure(all[number]); });
        std::erase_if(all, [](const candidate& c) { return c.region == 0; });
        std::ranges::stable_sort(all, {}, &candidate::bytes);
        all.resize(std::min<std::size_t>(all.size(), effort_.finalists));
        return all;
    }

    [[nodiscard]] std::uint32_t stride_of(std::uint32_t region) const {
        return std::max(
            region_granule, in_granules(static_cast<std::uint64_t>(region * effort_.stride))
        );
    }

    /// The largest of the least sizes from `region` on at which each order holds, the limit at most.
    [[nodiscard]] std::uint32_t least_in_orders(
        std::span<const pool_spec> pools,
        std::uint32_t region,
        std::uint32_t orders,
        std::uint64_t limit
    ) const {
        std::vector<std::uint32_t> least(orders, region);
        trials_.in_parallel(orders, [&](std::size_t order) {
            while (least[order] < limit &&
                   !hold(pools, least[order], static_cast<std::uint32_t>(order)))
                least[order] += stride_of(region);
        });
        return std::ranges::max(least);
    }

    /// Of the sizes above a region that are tried as traced, up to a tenth more, the largest that does
    /// not hold. 0: all hold.
    [[nodiscard]] std::uint32_t
    largest_failing(std::span<const pool_spec> pools, std::uint32_t region) const {
        constexpr std::size_t parts = 5;
        std::array<std::uint32_t, parts> failing{};
        trials_.in_parallel(parts, [&](std::size_t part) {
            const std::uint32_t above =
                in_granules(region + std::uint64_t{region} / 10 * (part + 1) / parts);
            if (!hold(pools, above, 0)) failing[part] = above;
        });
        return std::ranges::max(failing);
    }

    /// Sets the region: about what the candidate needs.
    void measure(candidate& one) const {
        const std::uint64_t roomy = trials_.peak_granules() + trials_.peak_granules() / 2 + 512;
        for (std::uint32_t order = 0; order < effort_.candidate_orders; ++order) {
            std::optional<std::uint32_t> touched;
            for (std::uint64_t times = 1; times <= 8 && !touched; times *= 2)
                touched = trials_.touched(
                    {.pools = one.pools,
                     .alignment = alignment_,
                     .region_bytes = in_granules(times * roomy)},
                    order
                );
            if (!touched) {
                one.region = 0;
                return;
            }
            one.region =
                std::max(one.region, descend(one.pools, in_granules(*touched), order, one.region));
        }
    }

    /// The least size, by strides, from which on all up to `start` hold; not below `least`.
    [[nodiscard]] std::uint32_t descend(
        std::span<const pool_spec> pools,
        std::uint32_t start,
        std::uint32_t order,
        std::uint32_t least
    ) const {
        std::uint32_t region = std::max({start, least, least_region});
        while (!hold(pools, region, order))
            region += stride_of(start);
        for (const std::uint32_t steps : {4U, 1U}) { // long ones first: fewer replays
            const std::uint32_t stride = steps * stride_of(start);
            while (region > least + stride && region >= stride + least_region &&
                   hold(pools, region - stride, order))
                region -= stride;
        }
        return region;
    }

    const trials& trials_;
    std::uint32_t alignment_;
    effort effort_;
};

/// The smallest and the largest block that was asked for.
void measure_blocks(const workload& work, overflow_plan& made) {
    made.largest = work.largest_block();
    made.least = made.largest;
    for (const block_class& one : work.classes())
        made.least = std::min(made.least, one.block);
}

result<overflow_plan> too_small(const overflow_plan& made, std::uint64_t size) {
    return fail(fmt::format(
        "the trace needs {} bytes with an overflow region, {} more than the heap of {}; {} of them are live "
        "at one time, which any heap needs; the smallest heap that counts is {} bytes",
        made.needed,
        made.needed - size,
        size,
        made.peak_live,
        made.needed
    ));
}

/// Size and region from what is needed, what is there, and what the traces leave in doubt.
void lay_out(overflow_plan& made, const overflow_request& wanted, const uncertainty& doubt) {
    std::uint64_t with_reserve = made.needed;
    if (doubt.gaps > 0)
        with_reserve = in_granules(static_cast<std::uint64_t>(
            std::max(doubt.factor().factor(), 1.01) * static_cast<double>(made.needed)
        ));
    made.size = static_cast<std::uint32_t>(wanted.size.value_or(with_reserve));
    made.has_reserve = doubt.gaps > 0 && made.size >= with_reserve;
    made.region = made.size - bytes_of(made.pools);
}

} // namespace

std::uint64_t overflow_plan::from_pools() const {
    std::uint64_t taken = 0;
    for (const pool_usage& pool : replay.pools)
        taken += pool.taken;
    return taken;
}

std::uint64_t overflow_plan::adversary() const {
    const double spread = static_cast<double>(largest) / std::max(least, granule);
    return static_cast<std::uint64_t>(
        static_cast<double>(peak_live) * (std::log2(std::max(spread, 1.0)) / 2 + 1)
    );
}

result<overflow_plan>
plan_overflow(std::span<const usage::demand> runs, const overflow_request& wanted) {
    std::vector<usage::demand> possible;
    std::uint64_t hopeless = 0;
    for (std::size_t number = 0; number < runs.size(); ++number) {
        auto changed = without_hopeless(runs[number], wanted.size);
        if (!changed) continue;
        if (possible.empty()) possible.assign(runs.begin(), runs.end());
        hopeless += runs[number].failures.size() - changed->failures.size();
        possible[number] = *std::move(changed);
    }
    if (!possible.empty()) runs = possible;
    std::vector<const usage::demand*> seen;
    for (const usage::demand& run : runs)
        seen.push_back(&run);
    const auto work = workload::of(seen);
    if (!work) return std::unexpected(work.error());
    if (work->classes().empty())
        return fail("nothing was ever allocated in these traces; there is nothing to lay out");

    const trials tried(runs);
    if (tried.peak_granules() > INT32_MAX / 2)
        return fail(fmt::format(
            "{} bytes are live at one time; a heap with an overflow region is laid out up to 1 GiB",
            tried.peak_live()
        ));
    const search sizes(tried, work->alignment());
    const auto chosen = sizes.best(runs, wanted.most_pools);
    if (!chosen)
        return fail(
            "no heap of some times the peak of live bytes holds this trace in every order tried"
        );
    const std::uint32_t region = chosen->region;
    overflow_plan made;
    made.pools = chosen->pools;
    made.alignment = work->alignment();
    made.needed = region + bytes_of(made.pools);
    made.control = control_of(made.pools.size(), region);
    made.peak_live = tried.peak_live();
    made.orders = sizes.orders();
    made.hopeless = hopeless;
    made.requests = tried.requests();
    measure_blocks(*work, made);
    if (wanted.size && *wanted.size < made.needed) return too_small(made, *wanted.size);
    lay_out(made, wanted, doubt_of(runs));
    made.holds_in_orders = made.region == region || sizes.hold_in_orders(made.pools, made.region);
    auto replayed = replay(
        runs, {.pools = made.pools, .alignment = made.alignment, .region_bytes = made.region}
    );
    if (!replayed) return std::unexpected(replayed.error());
    made.replay = *std::move(replayed);
    return made;
}

} // namespace drone::layout

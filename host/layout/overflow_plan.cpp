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

/// How hard to search: as runs get longer, each replay costs more and says more.
struct effort {
    std::uint32_t orders;           ///< that the heap chosen is tried in
    std::uint32_t candidate_orders; ///< that candidates are measured in
    bool larger;                    ///< whether every order is tried at a larger size, too
    bool both_kappas;               ///< whether candidates are fluid_model's in full, too
    double stride;                  ///< between sizes, of the region
};

effort effort_for(std::uint64_t steps) {
    if (steps <= 20'000)
        return {
            .orders = 50,
            .candidate_orders = 3,
            .larger = true,
            .both_kappas = true,
            .stride = 0.005
        };
    if (steps <= 1'000'000)
        return {
            .orders = 20,
            .candidate_orders = 1,
            .larger = true,
            .both_kappas = true,
            .stride = 0.005
        };
    return {
        .orders = 20, .candidate_orders = 1, .larger = false, .both_kappas = false, .stride = 0.01
    };
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

    /// The pools to have, and about how large a region; nothing when no size does.
    [[nodiscard]] std::optional<candidate>
    choose(std::span<const usage::demand> runs, std::size_t most_pools) const {
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
        if (all.empty()) return std::nullopt;
        const std::uint64_t least = std::ranges::min(all, {}, &candidate::bytes).bytes();
        std::erase_if(all, [&](const candidate& c) { return c.bytes() > least + least / 100; });
        return std::ranges::max(all, {}, &candidate::from_pools);
    }

    /// The least region from that of the candidate on that counts. 0: none does.
    [[nodiscard]] std::uint32_t counting(const candidate& chosen) const {
        const std::uint32_t stride = stride_of(chosen.region);
        const std::uint64_t limit = 8 * std::uint64_t{chosen.region} + 4096;
        std::uint32_t region = chosen.region;
        for (;;) {
            std::vector<std::uint32_t> from(orders(), region); // by order, what it needs
            trials_.in_parallel(orders(), [&](std::size_t number) {
                const auto order = static_cast<std::uint32_t>(number);
                while (!hold(chosen.pools, from[number], order) && from[number] < limit)
                    from[number] += stride;
                if (order != 0 && !effort_.larger) return;
                for (const std::uint32_t above : larger(from[number], order))
                    if (!hold(chosen.pools, above, order)) from[number] = above + stride;
            });
            const std::uint32_t most = std::ranges::max(from);
            if (most >= limit) return 0;
            if (most == region) return region;
            region = most;
        }
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
    [[nodiscard]] std::uint32_t stride_of(std::uint32_t region) const {
        return std::max(
            region_granule, in_granules(static_cast<std::uint64_t>(region * effort_.stride))
        );
    }

    /// Larger sizes at which an order must hold, too: several of the traced one, one of any other.
    [[nodiscard]] static std::vector<std::uint32_t>
    larger(std::uint32_t region, std::uint32_t order) {
        std::vector<std::uint32_t> sizes;
        const std::uint64_t tenth = region / 10;
        constexpr std::uint64_t parts = 5;
        for (std::uint64_t part = 1; order == 0 && part <= parts; ++part)
            sizes.push_back(in_granules(region + tenth * part / parts));
        // The fractions of multiples of the golden ratio leave no gaps.
        const std::uint64_t fraction = (std::uint64_t{order} * 40'503U) % 65'536U;
        if (order != 0) sizes.push_back(in_granules(region + tenth * fraction / 65'536U));
        return sizes;
    }

    /// Sets region and from_pools.
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
        one.from_pools = trials_.from_pools(
            {.pools = one.pools, .alignment = alignment_, .region_bytes = one.region}
        );
    }

    /// The least size, by strides, from which on all up to `start` hold; not below `least`.
    [[nodiscard]] std::uint32_t descend(
        std::span<const pool_spec> pools,
        std::uint32_t start,
        std::uint32_t order,
        std::uint32_t least
    ) const {
        const std::uint32_t stride = stride_of(start);
        std::uint32_t region = std::max(start, least);
        while (!hold(pools, region, order))
            region += stride;
        while (region > least + stride && region > 2 * stride + 64 &&
               hold(pools, region - stride, order))
            region -= stride;
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
    const search sizes(tried, work->alignment());
    const auto chosen = sizes.choose(runs, wanted.most_pools);
    const std::uint32_t region = chosen ? sizes.counting(*chosen) : 0;
    if (region == 0)
        return fail(
            "no heap of some times the peak of live bytes holds this trace in every order tried"
        );
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

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
    std::uint32_t orders = 20;         ///< beside the traced one that the heap chosen is tried in
    bool both_kappas = true;           ///< whether candidates are fluid_model's in full, too
    std::size_t finalists = 3;         ///< candidates that are tried in more orders
    std::uint32_t finalist_orders = 3; ///< beside the traced one
    std::uint32_t longest_step = 200;  ///< from a size that fails to the next: the region over it
    bool descends = false;      ///< whether sizes below what a growing region needs are tried, too
    std::uint64_t near = 50;    ///< finalists take no more than the fewest and that part of it
    std::uint64_t beyond = 200; ///< candidates no more than the region alone and that part of it
};

effort effort_for(const trials& tried) {
    effort made;
    if (tried.steps() <= 4'000) made.orders = 50;
    if (tried.steps() <= 20'000) {
        made.descends = true;
        made.finalists = 8;
        made.finalist_orders = 20;
        made.near = 10;
        made.beyond = 4;
    }
    if (tried.steps() > 100'000) {
        made.both_kappas = false;
        made.finalists = 2;
        made.longest_step = 100;
    }
    if (tried.steps() > 1'000'000) made.finalists = 1;
    if (tried.contexts() == 1) made.orders = made.finalist_orders = 0;
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

/// A thousandth of a region, and a block at least.
std::uint32_t stride_of(std::uint32_t region) {
    return std::max(least_region_block * region_granule, in_granules(region / 1000));
}

/// From runs to pools and a region. Replays are what it costs, so none is made twice, and most end at
/// the first failure or say what would have prevented it (trials::needed).
class search {
public:
    search(std::span<const usage::demand> runs, const trials& tried, std::uint32_t alignment)
        : model_(runs), trials_(tried), alignment_(alignment), effort_(effort_for(tried)) {}

    [[nodiscard]] std::uint32_t orders() const { return effort_.orders + 1; }

    /// Pools and the least region that counts, for the fewest bytes. Among the candidates within half
    /// a hundredth of the fewest in a few orders it is the one that serves most requests from pools.
    /// Nothing when no size does.
    [[nodiscard]] std::optional<candidate> best(std::size_t most_pools) const {
        std::vector<candidate> all = finalists(most_pools);
        const std::size_t tries = all.size() * effort_.finalist_orders;
        std::vector<std::uint32_t> regions(tries);
        trials_.in_parallel(tries, [&](std::size_t number) {
            const candidate& one = all[number / effort_.finalist_orders];
            const auto order = static_cast<std::uint32_t>(number % effort_.finalist_orders + 1);
            regions[number] = needed(one.pools, one.region, order);
        });
        for (std::size_t number = 0; number < tries; ++number) {
            std::uint32_t& region = all[number / effort_.finalist_orders].region;
            region = regions[number] == 0 || region == 0 ? 0 : std::max(region, regions[number]);
        }
        keep_near_the_fewest(all, 200);
        if (all.empty()) return std::nullopt;
        candidate chosen = std::ranges::max(all, {}, &candidate::from_pools);
        chosen.region = counting(chosen);
        if (chosen.region == 0) return std::nullopt;
        return chosen;
    }

    /// What serves more requests from pools than the fewest bytes do, in no more than so many bytes of
    /// pools and region. Nothing where none of a few candidates does.
    [[nodiscard]] std::optional<candidate>
    faster(const candidate& fewest, std::size_t most_pools, std::uint64_t bytes) const {
        std::vector<candidate> all;
        for (const double slack : {1.1, 1.5, 4.0})
            propose(all, model_.choose(most_pools, 0, slack));
        for (const double part : {1.0, 0.75, 0.5})
            for (std::size_t most = most_pools; most > 0; most /= 2)
                propose(all, model_.choose_most_requested(most, part));
        measure_as_traced(all, bytes);
        std::erase_if(all, [&](const candidate& c) { return c.from_pools <= fewest.from_pools; });
        std::ranges::stable_sort(all, std::greater{}, &candidate::from_pools);
        for (candidate& one : all) {
            one.region = counting(one);
            if (one.region != 0 && bytes_of(one.pools) + one.region <= bytes) return one;
        }
        return std::nullopt;
    }

    /// Whether a region holds so many orders beside the traced one.
    [[nodiscard]] bool hold_in_orders(
        std::span<const pool_spec> pools, std::uint32_t region, std::uint32_t orders
    ) const {
        std::vector<char> held(orders);
        trials_.in_parallel(orders, [&](std::size_t order) {
            held[order] = hold(pools, region, static_cast<std::uint32_t>(order + 1)) ? 1 : 0;
        });
        return std::ranges::find(held, 0) == held.end();
    }

private:
    [[nodiscard]] tried_heap heap_of(std::span<const pool_spec> pools, std::uint32_t region) const {
        return {.pools = pools, .alignment = alignment_, .region_bytes = region};
    }
    [[nodiscard]] bool
    hold(std::span<const pool_spec> pools, std::uint32_t region, std::uint32_t order) const {
        return trials_.hold(heap_of(pools, region), order);
    }

    /// Of a region that grows from that many bytes on, the bytes in the end. 0: too many.
    [[nodiscard]] std::uint32_t
    needed(std::span<const pool_spec> pools, std::uint32_t region, std::uint32_t order) const {
        const std::uint64_t all = region + trials_.peak_granules();
        for (const std::uint64_t parts : {1U, 8U, 64U}) { // of an eighth more than all
            const std::uint64_t limit =
                std::min<std::uint64_t>(region + parts * all / 8 + 4096, INT32_MAX);
            const auto found =
                trials_.needed(heap_of(pools, region), order, stride_of(region), limit);
            if (found) return found->region;
        }
        return 0;
    }

    /// Leaves those that need the fewest bytes, or up to that part of them more.
    static void keep_near_the_fewest(std::vector<candidate>& all, std::uint64_t part) {
        std::erase_if(all, [](const candidate& c) { return c.region == 0; });
        if (all.empty()) return;
        const std::uint64_t fewest = std::ranges::min(all, {}, &candidate::bytes).bytes();
        std::erase_if(all, [&](const candidate& c) { return c.bytes() > fewest + fewest / part; });
    }

    /// Bytes with which a region beside these pools starts to grow.
    [[nodiscard]] std::uint32_t start_of(const candidate& one) const {
        return std::max(
            least_region, in_granules(static_cast<std::uint64_t>(model_.region_load(one.pools)))
        );
    }

    /// Adds pools that are there and not yet among the candidates.
    static void propose(std::vector<candidate>& all, std::vector<pool_spec> pools) {
        const auto same = [&](const candidate& c) { return c.pools == pools; };
        if (!pools.empty() && std::ranges::none_of(all, same)) all.push_back({std::move(pools)});
    }

    /// Finds the region of each in one replay of the traced order, in which it grows; none where pools
    /// and region would take more than so many bytes.
    void measure_as_traced(std::span<candidate> all, std::uint64_t limit) const {
        trials_.in_parallel(all.size(), [&](std::size_t number) {
            candidate& one = all[number];
            const std::uint32_t start = start_of(one);
            const std::uint64_t bytes = bytes_of(one.pools);
            if (bytes + start > limit) return;
            const auto found =
                trials_.needed(heap_of(one.pools, start), 0, stride_of(start), limit - bytes);
            one.region = found ? found->region : 0;
            one.from_pools = found ? found->from_pools : 0;
        });
    }

    /// The candidates that promise the fewest bytes, as traced; the first of them first.
    [[nodiscard]] std::vector<candidate> finalists(std::size_t most_pools) const {
        std::vector<candidate> all(1); // the region alone
        constexpr std::array<std::size_t, 5> counts = {2, 4, 8, 16, 32};
        for (const std::size_t count : counts) {
            for (const double kappa : {2.0, 0.0}) {
                if (kappa == 0 && !effort_.both_kappas) continue;
                propose(all, model_.choose(std::min(count, most_pools), kappa));
            }
            if (count >= most_pools) break;
        }
        all[0].region = needed({}, start_of(all[0]), 0);
        // Pools pay where they take fewer bytes, or hardly more: a replay ends when they take them.
        const std::uint64_t limit =
            all[0].region == 0 ? UINT32_MAX / 2 : all[0].bytes() + all[0].bytes() / effort_.beyond;
        measure_as_traced(std::span(all).subspan(1), limit);
        if (effort_.descends)
            trials_.in_parallel(all.size(), [&](std::size_t number) {
                candidate& one = all[number];
                if (one.region != 0) one.region = descended(one, start_of(one));
            });
        keep_near_the_fewest(all, effort_.near);
        std::ranges::stable_sort(all, {}, &candidate::bytes);
        all.resize(std::min<std::size_t>(all.size(), effort_.finalists));
        return all;
    }

    /// The least region, by strides from the candidate's down, from which on all hold a few orders. A region
    /// that grew was often too full to place blocks well.
    [[nodiscard]] std::uint32_t descended(const candidate& one, std::uint32_t least) const {
        const std::uint32_t few = std::min(3U, orders());
        const auto holds = [&](std::uint32_t region) {
            for (std::uint32_t order = 0; order < few; ++order)
                if (!hold(one.pools, region, order)) return false;
            return true;
        };
        const std::uint32_t stride = std::max(region_granule, in_granules(one.region / 200));
        std::uint32_t region = one.region;
        while (!holds(region) && region < 2 * one.region)
            region += stride;
        for (const std::uint32_t step : {4 * stride, stride}) // long ones first: fewer replays
            while (region >= least + step && holds(region - step))
                region -= step;
        return region;
    }

    /// The least region found from the candidate's on that counts. 0: none does.
    [[nodiscard]] std::uint32_t counting(const candidate& chosen) const {
        const std::uint64_t limit = 8 * chosen.bytes();
        std::uint32_t region = chosen.region;
        std::uint32_t order = 0;
        while (region < limit) {
            region = least_in_orders(chosen.pools, region, order, limit);
            const std::uint32_t above = region < limit ? largest_failing(chosen.pools, region) : 0;
            if (above == 0) break;
            region = above + stride_of(region);
        }
        return region < limit ? region : 0;
    }

    /// The least region found from one on that holds every order; the limit, or more: none does.
    /// Starts with that order, and leaves there the one after which nothing grew. Goes round until all
    /// orders in turn hold it, a few at a time: a fixed number, so that the result is the same on every machine.
    [[nodiscard]] std::uint32_t least_in_orders(
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
    [[nodiscard]] std::uint32_t grown(
        std::span<const pool_spec> pools,
        std::uint32_t region,
        std::uint32_t order,
        std::uint64_t limit
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

    fluid_model model_;
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

/// Size and region from what is needed, what is there, and what the traces leave in doubt. Where no
/// size is given there is a tenth to spare, which other runs may need.
void lay_out(overflow_plan& made, const overflow_request& wanted, const uncertainty& doubt) {
    constexpr double spare = 1.1;
    const double factor = doubt.gaps > 0 ? std::max(doubt.factor().factor(), spare) : spare;
    const std::uint64_t with_reserve =
        in_granules(static_cast<std::uint64_t>(factor * static_cast<double>(made.needed)));
    made.size = static_cast<std::uint32_t>(wanted.size.value_or(with_reserve));
    made.has_reserve = doubt.gaps > 0 && made.size >= with_reserve;
    made.region = made.size - bytes_of(made.pools);
}

/// Whether a region larger than the one needed holds orders beside the traced one, too: all where it is
/// hardly larger, else a few, for all were tried where less was there.
bool holds_in_orders(const overflow_plan& made, const search& sizes) {
    if (made.size == made.needed) return true;
    const bool is_near = made.size - made.needed < made.needed / 20;
    constexpr std::uint32_t few = 3;
    const std::uint32_t all = sizes.orders() - 1;
    return sizes.hold_in_orders(made.pools, made.region, is_near ? all : std::min(few, all));
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
    const search sizes(runs, tried, work->alignment());
    auto chosen = sizes.best(wanted.most_pools);
    if (!chosen)
        return fail(
            "no heap of some times the peak of live bytes holds this trace in every order tried"
        );
    overflow_plan made;
    made.alignment = work->alignment();
    made.needed = chosen->region + bytes_of(chosen->pools);
    made.control = control_of(chosen->pools.size(), chosen->region);
    made.peak_live = tried.peak_live();
    made.orders = sizes.orders();
    made.contexts = tried.contexts();
    made.hopeless = hopeless;
    made.requests = tried.requests();
    measure_blocks(*work, made);
    if (wanted.size && *wanted.size < made.needed) return too_small(made, *wanted.size);
    if (wanted.size) {
        const std::uint64_t to_spend = made.needed + (*wanted.size - made.needed) / 4;
        if (auto other = sizes.faster(*chosen, wanted.most_pools, to_spend)) {
            const std::uint32_t bytes = other->region + bytes_of(other->pools);
            made.for_speed = std::max(bytes, made.needed) - made.needed;
            chosen = std::move(other);
        }
    }
    made.pools = std::move(chosen->pools);
    lay_out(made, wanted, doubt_of(runs));
    made.holds_in_orders = holds_in_orders(made, sizes);
    auto replayed = replay(
        runs, {.pools = made.pools, .alignment = made.alignment, .region_bytes = made.region}
    );
    if (!replayed) return std::unexpected(replayed.error());
    made.replay = *std::move(replayed);
    return made;
}

} // namespace drone::layout

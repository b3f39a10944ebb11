// SPDX-License-Identifier: MIT
#include "layout/overflow_plan.hpp"

#include "layout/classes.hpp"
#include "layout/fluid.hpp"
#include "layout/region_sizes.hpp"
#include "layout/servable.hpp"
#include "layout/trials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <span>

namespace drone::layout {

namespace {

/// Bytes beside the arena on the target: a list a pool and one at least, the region's lists and their
/// bits.
std::uint32_t control_of(std::size_t pools, std::uint32_t region) {
    const std::uint32_t index = place_region(0, region).last() < UINT16_MAX ? 2 : 4;
    return static_cast<std::uint32_t>(4 * std::max<std::size_t>(pools, 1)) + 32 * index + 4;
}

/// Bytes in which a region has room for a block, wherever the pools end.
constexpr std::uint32_t least_region = 64;
static_assert(place_region(granule, granule + least_region).granules != 0);

/// How hard to search: as runs get longer, each replay costs more and says more.
struct effort {
    region_sizes::effort sizes;
    bool both_kappas = true;           ///< whether candidates are fluid_model's in full, too
    std::size_t finalists = 3;         ///< candidates that are tried in more orders
    std::uint32_t finalist_orders = 3; ///< beside the traced one
    bool descends = false; ///< whether sizes below what a growing region needs are tried, too
    bool proposes_many =
        true; ///< whether there are more counts of pools, and layouts of bytes to spare
    std::uint64_t near = 50;    ///< finalists take no more than the fewest and that part of it
    std::uint64_t beyond = 200; ///< candidates no more than the region alone and that part of it
};

effort effort_for(const trials& tried) {
    effort made;
    if (tried.steps() <= 4'000) made.sizes.orders = 50;
    if (tried.steps() <= 20'000) {
        made.descends = true;
        made.finalists = 12;
        made.finalist_orders = 20;
        made.near = 10;
        made.beyond = 4;
    }
    if (tried.steps() > 20'000) made.proposes_many = false;
    if (tried.steps() > 100'000) {
        made.both_kappas = false;
        made.finalists = 2;
        made.sizes.longest_step = 100;
    }
    if (tried.steps() > 1'000'000) made.finalists = 1;
    if (tried.has_moves()) {
        ++made.sizes.orders; // the one with all moves
        ++made.finalist_orders;
    } else if (tried.contexts() == 1) {
        made.sizes.orders = made.finalist_orders = 0;
    }
    return made;
}

struct candidate {
    std::vector<pool_spec> pools;
    std::uint32_t region = 0; ///< 0: none will do
    std::uint64_t from_pools = 0;
    bool counts = false; ///< the region; else it holds a few orders

    [[nodiscard]] std::uint32_t control() const { return control_of(pools.size(), region); }
    [[nodiscard]] std::uint64_t bytes() const {
        return std::uint64_t{region} + bytes_of(pools) + control();
    }
};

/// From runs to pools and a region.
class search {
public:
    search(std::span<const usage::demand> runs, const trials& tried, std::uint32_t alignment)
        : model_(runs), trials_(tried), effort_(effort_for(tried)),
          sizes_(tried, alignment, effort_.sizes) {}

    [[nodiscard]] const region_sizes& sizes() const { return sizes_; }

    /// Pools and the least region that counts, for the fewest bytes. Among the candidates within a
    /// quarter of a per cent of the fewest it is the one that serves most requests from pools. Nothing
    /// when no size does.
    [[nodiscard]] std::optional<candidate> best(std::size_t most_pools) const {
        std::vector<candidate> all = finalists(most_pools);
        try_in_few_orders(all);
        // Where the region that counts is a surprise, another candidate may take fewer bytes.
        for (;;) {
            keep_those_that_do(all);
            if (all.empty()) return std::nullopt;
            std::vector<candidate> nearest = all;
            keep_near_the_fewest(nearest, 400);
            const candidate& chosen = std::ranges::max(nearest, {}, &candidate::from_pools);
            if (chosen.counts) return chosen;
            candidate& same = *std::ranges::find(all, chosen.pools, &candidate::pools);
            same.region = counting(same);
            same.counts = true;
        }
    }

    /// A layout for a heap of that size, of which so many bytes are to spare, whose pools leave most
    /// of it to the region: that holds what other runs ask for. Of a few candidates the one that
    /// serves most requests from pools. Nothing where the fewest bytes do as well, or none fits.
    [[nodiscard]] std::optional<candidate> roomier(
        const candidate& fewest, std::size_t most_pools, std::uint64_t size, std::uint64_t spare
    ) const {
        const std::uint64_t most = size / 4; // of pools
        const bool is_roomy = bytes_of(fewest.pools) <= most;
        std::vector<candidate> all(1); // the region alone
        for (const double slack : {1.5, 1.1, 4.0}) {
            propose(all, model_.choose(most_pools, 0, slack));
            if (!effort_.proposes_many) break;
        }
        const std::size_t divisor = effort_.proposes_many ? 2 : 4;
        for (const double part : {1.0, 0.75, 0.5}) {
            for (std::size_t count = most_pools; count > 0; count /= divisor)
                propose(all, model_.choose_most_requested(count, part));
            if (!effort_.proposes_many) break;
        }
        // More bytes in pools than there are now are for speed alone: they get less of what is to spare.
        const auto budget = [&](const candidate& one) {
            const std::uint64_t part = bytes_of(one.pools) > bytes_of(fewest.pools) ? 4 : 2;
            return size - spare + spare / part;
        };
        // More pools have more lists, which are beside the heap: no larger than what it can spare.
        const auto more = [&](const candidate& c) {
            return spare + fewest.control() < c.control();
        };
        std::erase_if(all, [&](const candidate& c) { return bytes_of(c.pools) > most || more(c); });
        measure_as_traced(all, size - spare / 2);
        std::erase_if(all, [&](const candidate& c) {
            return c.region == 0 || (is_roomy && c.from_pools <= fewest.from_pools);
        });
        std::ranges::stable_sort(all, std::greater{}, &candidate::from_pools);
        for (candidate& one : all) {
            if (bytes_of(one.pools) + one.region > budget(one)) continue;
            one.region = counting(one);
            if (one.region != 0 && bytes_of(one.pools) + one.region <= budget(one)) return one;
        }
        return std::nullopt;
    }

private:
    [[nodiscard]] std::uint32_t counting(const candidate& one) const {
        return sizes_.counting(one.pools, one.region, 8 * one.bytes());
    }

    static void keep_those_that_do(std::vector<candidate>& all) {
        std::erase_if(all, [](const candidate& c) { return c.region == 0; });
    }
    /// Leaves those that need the fewest bytes, or up to that part of them more.
    static void keep_near_the_fewest(std::vector<candidate>& all, std::uint64_t part) {
        keep_those_that_do(all);
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
            const auto found = sizes_.needed_as_traced(one.pools, start, limit - bytes);
            one.region = found ? found->region : 0;
            one.from_pools = found ? found->from_pools : 0;
        });
    }

    /// The same in a few more orders, from the region found so far on.
    void try_in_few_orders(std::vector<candidate>& all) const {
        const std::size_t tries = all.size() * effort_.finalist_orders;
        std::vector<std::uint32_t> regions(tries);
        trials_.in_parallel(tries, [&](std::size_t number) {
            const candidate& one = all[number / effort_.finalist_orders];
            const auto order = static_cast<std::uint32_t>(number % effort_.finalist_orders + 1);
            regions[number] = sizes_.needed(one.pools, one.region, order);
        });
        for (std::size_t number = 0; number < tries; ++number) {
            std::uint32_t& region = all[number / effort_.finalist_orders].region;
            region = regions[number] == 0 || region == 0 ? 0 : std::max(region, regions[number]);
        }
    }

    /// The candidates that promise the fewest bytes, as traced; the first of them first.
    [[nodiscard]] std::vector<candidate> finalists(std::size_t most_pools) const {
        std::vector<candidate> all(1); // the region alone
        constexpr std::array<std::size_t, 10> counts = {2, 4, 8, 16, 32, 1, 3, 5, 6, 12};
        std::set<std::size_t> proposed; // larger counts are all the most
        for (const std::size_t count : std::span(counts).first(effort_.proposes_many ? 10 : 5)) {
            if (!proposed.insert(std::min(count, most_pools)).second) continue;
            for (const double kappa : {2.0, 0.0}) {
                if (kappa == 0 && !effort_.both_kappas) continue;
                propose(all, model_.choose(std::min(count, most_pools), kappa));
            }
        }
        all[0].region = sizes_.needed({}, start_of(all[0]), 0);
        // Pools pay where they take fewer bytes, or hardly more: a replay ends when they take them.
        const std::uint64_t limit =
            all[0].region == 0 ? UINT32_MAX / 2 : all[0].bytes() + all[0].bytes() / effort_.beyond;
        measure_as_traced(std::span(all).subspan(1), limit);
        if (effort_.descends)
            trials_.in_parallel(all.size(), [&](std::size_t number) {
                candidate& one = all[number];
                if (one.region != 0)
                    one.region = sizes_.descended(one.pools, one.region, start_of(one));
            });
        keep_near_the_fewest(all, effort_.near);
        std::ranges::stable_sort(all, {}, &candidate::bytes);
        all.resize(std::min<std::size_t>(all.size(), effort_.finalists));
        return all;
    }

    fluid_model model_;
    const trials& trials_;
    effort effort_;
    region_sizes sizes_;
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
        "at one time, which any heap needs; the smallest heap that counts is {} bytes{}",
        made.needed,
        made.needed - size,
        size,
        made.peak_live,
        made.needed,
        made.hopeless == 0 ? "" : ", without the failed requests that are larger than this heap"
    ));
}

/// The heap's size from what is needed, what is there, and what the traces leave in doubt. Where no
/// size is given there is a tenth to spare, which other runs may need.
void decide_size(overflow_plan& made, const overflow_request& wanted, const uncertainty& doubt) {
    constexpr double spare = 1.1;
    const double factor = doubt.gaps > 0 ? std::max(doubt.factor().factor(), spare) : spare;
    made.with_reserve =
        in_granules(static_cast<std::uint64_t>(factor * static_cast<double>(made.needed)));
    made.size = static_cast<std::uint32_t>(
        wanted.size.value_or(wanted.reserve ? made.with_reserve : made.needed)
    );
    made.has_reserve = doubt.gaps > 0 && made.size >= made.with_reserve;
}

/// Whether a layout holds in a heap of so many bytes, of which its region gets what is beyond: as
/// traced, and in other orders. All are tried where it is hardly larger, else a few, for all were tried
/// where less was there.
bool holds_at(std::uint32_t size, const candidate& layout, const region_sizes& sizes) {
    const std::uint32_t counts = layout.region + bytes_of(layout.pools);
    if (size == counts) return true;
    const bool is_near = size - counts < counts / 20;
    constexpr std::uint32_t few = 3;
    const std::uint32_t all = sizes.orders() - 1;
    const std::uint32_t region = size - bytes_of(layout.pools);
    return sizes.hold(layout.pools, region, 0) &&
           sizes.hold_in_orders(layout.pools, region, is_near ? all : std::min(few, all));
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
    const search choices(runs, tried, work->alignment());
    auto chosen = choices.best(wanted.most_pools);
    if (!chosen)
        return fail(
            "no heap of some times the peak of live bytes holds this trace in every order tried"
        );
    overflow_plan made;
    made.alignment = work->alignment();
    made.needed = chosen->region + bytes_of(chosen->pools);
    made.needed_pools = chosen->pools.size();
    made.control = chosen->control();
    made.peak_live = tried.peak_live();
    made.orders = choices.sizes().orders();
    made.contexts = tried.contexts();
    made.has_moves = tried.has_moves();
    made.hopeless = hopeless;
    made.requests = tried.requests();
    measure_blocks(*work, made);
    if (wanted.size && *wanted.size < made.needed) return too_small(made, *wanted.size);
    const uncertainty doubt = doubt_of(runs);
    decide_size(made, wanted, doubt);
    const std::uint64_t spare = made.size - made.needed;
    auto other = choices.roomier(*chosen, wanted.most_pools, made.size, spare);
    if (other && holds_at(made.size, *other, choices.sizes())) {
        const std::uint32_t bytes = other->region + bytes_of(other->pools);
        made.for_speed = std::max(bytes, made.needed) - made.needed;
        if (spare == 0) made.control = other->control(); // of the same bytes
        chosen = std::move(other);
        made.holds_in_orders = true;
    } else {
        made.holds_in_orders = holds_at(made.size, *chosen, choices.sizes());
    }
    made.pools = std::move(chosen->pools);
    made.region = made.size - bytes_of(made.pools);
    auto replayed = replay(
        runs, {.pools = made.pools, .alignment = made.alignment, .region_bytes = made.region}
    );
    if (!replayed) return std::unexpected(replayed.error());
    made.replay = *std::move(replayed);
    return made;
}

} // namespace drone::layout

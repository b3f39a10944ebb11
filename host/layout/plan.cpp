// SPDX-License-Identifier: MIT
#include "layout/plan.hpp"

#include "layout/in_place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace drone::layout {

namespace {

uncertainty doubt_of(std::span<const trace::demand> runs) {
    uncertainty doubt;
    for (const trace::demand& run : runs) {
        doubt.steps += run.steps.size();
        for (const trace::demand_gap& gap : run.gaps) {
            ++doubt.gaps;
            doubt.lost_events += std::max<std::uint64_t>(gap.lost_events, 1);
        }
    }
    return doubt;
}

std::string listed(const optimum& layout) {
    std::string text;
    for (const pool_load& pool : layout.pools)
        text += fmt::format("{}{} x {}", text.empty() ? "" : ", ", pool.block, pool.load);
    return text;
}

result<void> check(const planner::options& wanted) {
    if (wanted.most_pools == 0) return fail("a heap needs at least one pool");
    if (wanted.most_pools > pool_limit)
        return fail(fmt::format("{} pools; a heap has at most {}", wanted.most_pools, pool_limit));
    for (const std::uint32_t block : wanted.keep)
        if (block == 0 || block % granule != 0)
            return fail(fmt::format("a block of {} bytes is no multiple of {}", block, granule));
    if (wanted.keep.size() > wanted.most_pools)
        return fail(fmt::format(
            "{} blocks to keep do not go into {} pools", wanted.keep.size(), wanted.most_pools
        ));
    return {};
}

} // namespace

growth uncertainty::factor() const {
    constexpr auto one = std::uint64_t{1} << growth::fraction_bits;
    if (lost_events == 0 || steps == 0) return growth(one);
    // More than a doubling is no longer an estimate; the cap also keeps products in 64 bits.
    const std::uint64_t lost = std::min(lost_events, steps);
    return growth(one + (lost * one + steps - 1) / steps);
}

struct planner::state {
    state(std::span<const trace::demand> given, const options& wanted)
        : runs(given), doubt(doubt_of(given)), most_pools(wanted.most_pools) {}

    std::span<const trace::demand> runs;
    uncertainty doubt;
    std::size_t most_pools;
    std::vector<trace::demand> in_place; ///< the runs as the problem sees them, where that differs
    std::optional<workload> work;
    std::optional<load_index> index;
    std::optional<optimizer> search;
    std::vector<layout::lower_bound> bounds; ///< by number of pools - 1; made when first asked for

    [[nodiscard]] std::int64_t bound(std::size_t pools) {
        if (bounds.empty() && index) bounds = lower_bounds(*index, most_pools);
        return bounds.empty() ? 0 : bounds[pools - 1].bytes;
    }
};

planner::planner(std::unique_ptr<state> made) : state_(std::move(made)) {}
planner::~planner() = default;
planner::planner(planner&&) noexcept = default;
planner& planner::operator=(planner&&) noexcept = default;

result<planner> planner::of(std::span<const trace::demand> runs, const options& wanted) {
    if (const auto sound = check(wanted); !sound) return std::unexpected(sound.error());
    auto made = std::make_unique<state>(runs, wanted);
    std::vector<const trace::demand*> seen;
    made->in_place.reserve(runs.size());
    for (const trace::demand& run : runs) {
        auto changed = with_blocks_in_place(run);
        seen.push_back(changed ? &made->in_place.emplace_back(*std::move(changed)) : &run);
    }
    auto work = workload::of(seen);
    if (!work) return std::unexpected(work.error());
    optimizer::options shape{.most_pools = wanted.most_pools, .keep = wanted.keep};
    std::ranges::sort(shape.keep);
    const auto doubled = std::ranges::unique(shape.keep);
    shape.keep.erase(doubled.begin(), doubled.end());
    made->search.emplace(made->index.emplace(made->work.emplace(*std::move(work))), shape);
    return planner(std::move(made));
}

bool planner::empty() const { return class_count() == 0; }
std::size_t planner::class_count() const {
    return state_->work ? state_->work->classes().size() : 0;
}
std::uint32_t planner::alignment() const {
    return state_->work ? state_->work->alignment() : default_alignment;
}
const uncertainty& planner::doubt() const { return state_->doubt; }

result<plan> planner::make(const plan_request& wanted) {
    if (empty() || !state_->search)
        return fail("nothing was ever allocated in these traces; there is nothing to lay out");
    optimizer& search = *state_->search;
    const auto base = search.best(wanted.pools);
    if (!base)
        return fail(fmt::format(
            "{} pools cannot hold all blocks to keep and serve every alignment; ask for more",
            wanted.pools
        ));
    if (base->bytes > UINT32_MAX)
        return fail(fmt::format(
            "the trace needs {} bytes in {} pools; a heap is smaller than 4 GiB",
            base->bytes,
            base->pools.size()
        ));
    const auto needed = static_cast<std::uint64_t>(base->bytes);
    sizing shape{
        .pools = wanted.pools,
        .size = wanted.size.value_or(UINT32_MAX),
        .rule = wanted.size ? wanted.rule : headroom::none,
        .uncertainty = {},
    };
    if (state_->doubt.gaps > 0) shape.uncertainty = state_->doubt.factor();
    if (shape.size > UINT32_MAX)
        return fail(fmt::format("a heap of {} bytes; one is smaller than 4 GiB", shape.size));
    auto made = size_layout(search, shape);
    if (!made)
        return fail(fmt::format(
            "the trace needs {} bytes in {} pools, {} more than the heap of {}; the smallest "
            "heap that works has these pools: {}",
            needed,
            base->pools.size(),
            needed - shape.size,
            shape.size,
            listed(*base)
        ));

    plan done;
    done.pools = std::move(made->pools);
    std::uint64_t laid_out = 0;
    for (std::size_t pool = 0; pool < done.pools.size(); ++pool) {
        done.loads.push_back(made->base.pools[pool].load);
        done.used += made->base.pools[pool].load * made->base.pools[pool].block;
        laid_out += std::uint64_t{done.pools[pool].block} * done.pools[pool].capacity;
    }
    done.size = static_cast<std::uint32_t>(wanted.size.value_or(laid_out));
    done.alignment = alignment();
    done.lower_bound = state_->bound(wanted.pools);
    done.optimal = done.used == done.lower_bound || (base->proved && done.used == base->bytes);
    done.room = reserve_of(done.pools, done.loads);
    auto replayed = layout::replay(state_->runs, done.pools, done.alignment);
    if (!replayed) return std::unexpected(replayed.error());
    done.replay = *std::move(replayed);
    return done;
}

std::vector<curve_point> planner::curve(std::size_t first, std::size_t last) {
    std::vector<curve_point> points;
    if (empty() || !state_->search) return points;
    for (std::size_t pools = first; pools <= last; ++pools) {
        const auto best = state_->search->best(pools);
        if (!best) continue;
        const std::int64_t bound = state_->bound(pools);
        points.push_back({
            .pools = pools,
            .used = best->bytes,
            .lower_bound = bound,
            .optimal = best->proved || best->bytes == bound,
        });
    }
    return points;
}

std::size_t knee_of(std::span<const curve_point> curve) {
    const curve_point& first = curve.front();
    const curve_point& last = curve.back();
    const auto width = static_cast<double>(last.pools - first.pools);
    std::size_t knee = first.pools;
    double farthest = 0;
    for (const curve_point& point : curve) {
        const double along =
            width == 0 ? 0 : static_cast<double>(point.pools - first.pools) / width;
        const double chord =
            static_cast<double>(first.used) + along * static_cast<double>(last.used - first.used);
        if (chord - static_cast<double>(point.used) <= farthest) continue;
        farthest = chord - static_cast<double>(point.used);
        knee = point.pools;
    }
    return knee;
}

std::size_t cheapest_of(std::span<const curve_point> curve, std::uint32_t pool_cost) {
    const auto cost = [pool_cost](const curve_point& point) {
        return point.used + static_cast<std::int64_t>(point.pools * pool_cost);
    };
    return std::ranges::min_element(curve, {}, cost)->pools;
}

} // namespace drone::layout

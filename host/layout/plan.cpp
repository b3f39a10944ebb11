// SPDX-License-Identifier: MIT
#include "layout/plan.hpp"

#include "base/sorted.hpp"
#include "layout/servable.hpp"
#include "layout/squeeze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace drone::layout {

namespace {

std::string listed(const optimum& layout) {
    std::string text;
    for (const pool_load& pool : layout.pools)
        text += fmt::format("{}{} x {}", text.empty() ? "" : ", ", pool.block, pool.load);
    return text;
}

void spread_over_pools(std::vector<pool_spec>& pools, std::uint64_t free_bytes) {
    std::vector<std::uint32_t> blocks;
    std::vector<std::uint64_t> capacities;
    blocks.reserve(pools.size());
    capacities.reserve(pools.size());
    for (const pool_spec& pool : pools) {
        blocks.push_back(pool.block);
        capacities.push_back(pool.capacity);
    }
    spread_with_floor(blocks, free_bytes, capacities);
    for (std::size_t pool = 0; pool < pools.size(); ++pool)
        pools[pool].capacity = static_cast<std::uint32_t>(capacities[pool]);
}

/// Whether every pool has grown by the factor, and by a block.
bool has_grown(const plan& made, growth scale) {
    for (std::size_t pool = 0; pool < made.pools.size(); ++pool) {
        const std::int64_t least = std::max(scale.of(made.loads[pool]), made.loads[pool] + 1);
        if (made.pools[pool].capacity < least) return false;
    }
    return true;
}

result<void> check(const planner::options& wanted) {
    if (wanted.most_pools == 0) return fail("a heap needs at least one pool");
    if (wanted.most_pools > pool_limit)
        return fail(fmt::format(
            "{} pools are too many; a heap has at most {}", wanted.most_pools, pool_limit
        ));
    for (const std::uint32_t block : wanted.keep)
        if (block == 0 || block % granule != 0)
            return fail(fmt::format("a block of {} bytes is not a multiple of {}", block, granule));
    if (wanted.keep.size() > wanted.most_pools)
        return fail(fmt::format(
            "{} blocks to keep do not fit into {} pools", wanted.keep.size(), wanted.most_pools
        ));
    return {};
}

} // namespace

uncertainty doubt_of(std::span<const usage::demand> runs) {
    uncertainty doubt;
    for (const usage::demand& run : runs) {
        doubt.steps += step_count(run);
        doubt.gaps += run.missing.gaps;
        doubt.lost_events += run.missing.lost_events;
    }
    return doubt;
}

growth uncertainty::factor() const {
    constexpr auto one = std::uint64_t{1} << growth::fraction_bits;
    const std::uint64_t least = std::max(lost_events, gaps);
    if (least == 0 || steps == 0) return growth(one);
    // More than a doubling is no longer an estimate; the cap also keeps products in 64 bits.
    const std::uint64_t lost = std::min(least, steps);
    return growth(one + (lost * one + steps - 1) / steps);
}

struct planner::state {
    state(std::span<const usage::demand> given, const options& wanted)
        : runs(given), doubt(doubt_of(given)), most_pools(wanted.most_pools), keep(wanted.keep) {
        base::sort_once(keep);
    }

    std::span<const usage::demand> runs;
    uncertainty doubt;
    std::size_t most_pools;
    std::vector<std::uint32_t> keep;
    std::uint64_t hopeless = 0;          ///< failed requests that are left out
    std::vector<usage::demand> possible; ///< the runs without those
    workload work;
    std::unique_ptr<load_index> index;
    std::unique_ptr<optimizer> search;
    std::vector<layout::lower_bound> bounds; ///< by number of pools - 1; made when first asked for

    [[nodiscard]] const layout::lower_bound& bound(std::size_t pools) {
        if (bounds.empty()) bounds = lower_bounds(*index, most_pools);
        return bounds[pools - 1];
    }
    void leave_out_hopeless(std::optional<std::uint64_t> size);
    result<void> make_plain(const optimum& base, const plan_request& wanted, plan& done);
    std::optional<squeezed_layout> squeeze_most(std::size_t pools, std::int64_t bytes_to_beat);
    result<void> make_squeezed(const optimum& base, const plan_request& wanted, plan& done);
    result<void> too_small(const optimum& base, std::uint64_t size);
};

planner::planner(std::unique_ptr<state> made) : state_(std::move(made)) {}
planner::~planner() = default;
planner::planner(planner&&) noexcept = default;
planner& planner::operator=(planner&&) noexcept = default;

result<planner> planner::of(std::span<const usage::demand> runs, const options& wanted) {
    if (const auto sound = check(wanted); !sound) return std::unexpected(sound.error());
    auto made = std::make_unique<state>(runs, wanted);
    made->leave_out_hopeless(wanted.size);
    std::vector<const usage::demand*> seen;
    for (const usage::demand& run : made->runs)
        seen.push_back(&run);
    auto work = workload::of(seen);
    if (!work) return std::unexpected(work.error());
    made->work = *std::move(work);
    made->index = std::make_unique<load_index>(made->work);
    made->search = std::make_unique<optimizer>(
        *made->index, optimizer::options{.most_pools = wanted.most_pools, .keep = made->keep}
    );
    return planner(std::move(made));
}

bool planner::empty() const { return class_count() == 0; }
std::size_t planner::class_count() const { return state_->work.classes().size(); }
std::uint32_t planner::alignment() const { return state_->work.alignment(); }
const uncertainty& planner::doubt() const { return state_->doubt; }
std::uint64_t planner::hopeless() const { return state_->hopeless; }

result<plan> planner::make(const plan_request& wanted) {
    if (empty())
        return fail("nothing was ever allocated in these traces; there is nothing to lay out");
    if (wanted.size && *wanted.size > UINT32_MAX)
        return fail(fmt::format(
            "a heap of {} bytes is too large; a heap is smaller than 4 GiB", *wanted.size
        ));
    const auto base = state_->search->best(wanted.pools);
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
    plan done;
    done.alignment = alignment();
    done.lower_bound = state_->bound(wanted.pools).bytes;
    done.has_kept_blocks = !state_->keep.empty();
    done.least = base->bytes;
    if (wanted.squeeze) {
        if (const auto sound = state_->make_squeezed(*base, wanted, done); !sound)
            return std::unexpected(sound.error());
    }
    if (done.pools.empty()) {
        if (const auto sound = state_->make_plain(*base, wanted, done); !sound)
            return std::unexpected(sound.error());
    }
    done.optimal = done.used == done.lower_bound ||
                   (!done.without_squeeze && base->proved && done.used == base->bytes);
    done.room = reserve_of(done.pools, done.loads);
    return done;
}

void planner::state::leave_out_hopeless(std::optional<std::uint64_t> size) {
    std::vector<std::optional<usage::demand>> changed;
    for (const usage::demand& run : runs)
        changed.push_back(without_hopeless(run, size));
    if (std::ranges::none_of(changed, &std::optional<usage::demand>::has_value)) return;
    for (std::size_t number = 0; number < runs.size(); ++number) {
        possible.push_back(std::move(changed[number]).value_or(runs[number]));
        hopeless += runs[number].failures.size() - possible.back().failures.size();
    }
    runs = possible;
}

/// Sizes the layout by the rule and replays it.
result<void>
planner::state::make_plain(const optimum& base, const plan_request& wanted, plan& done) {
    sizing shape{
        .pools = wanted.pools,
        .size = wanted.size.value_or(UINT32_MAX),
        .rule = wanted.size ? wanted.rule : headroom::none,
        .uncertainty = {},
    };
    if (doubt.gaps > 0) shape.uncertainty = doubt.factor();
    auto made = size_layout(*search, shape);
    if (!made) return too_small(base, shape.size);
    done.pools = std::move(made->pools);
    for (const pool_load& pool : made->base.pools) {
        done.loads.push_back(pool.load);
        done.used += pool.load * pool.block;
    }
    done.has_reserve = shape.uncertainty && has_grown(done, *shape.uncertainty);
    done.size = wanted.size ? static_cast<std::uint32_t>(*wanted.size) : bytes_of(done.pools);
    auto replayed = layout::replay(runs, {.pools = done.pools, .alignment = done.alignment});
    if (!replayed) return std::unexpected(replayed.error());
    done.replay = *std::move(replayed);
    return {};
}

/// The smallest that fall-over makes possible with so many pools at most. A search for fewer pools
/// may find less than the one for all; it is left out where its bound shows that it cannot. Each
/// starts from an optimum of its own, which of several equal ones must not depend on who asks.
std::optional<squeezed_layout>
planner::state::squeeze_most(std::size_t pools, std::int64_t bytes_to_beat) {
    std::optional<squeezed_layout> best;
    for (; pools > 0 && bound(pools).bytes < bytes_to_beat; --pools) {
        const auto plain = optimizer(*index, {.most_pools = pools, .keep = keep}).best(pools);
        if (!plain) break;
        auto found = squeeze(runs, work.alignment(), *plain, lower_bounds(*index, pools).back());
        if (!found || found->bytes >= bytes_to_beat) continue;
        bytes_to_beat = found->bytes;
        best = std::move(found);
    }
    return best;
}

/// The smallest layout that fall-over makes possible, if any is below the optimum without. Spare
/// bytes are spread over it where it still holds the runs then: more capacity can make them fail.
result<void>
planner::state::make_squeezed(const optimum& base, const plan_request& wanted, plan& done) {
    auto found = squeeze_most(wanted.pools, base.bytes);
    if (!found) return {};
    const std::uint64_t size = wanted.size.value_or(static_cast<std::uint64_t>(found->bytes));
    if (static_cast<std::uint64_t>(found->bytes) > size)
        return fail(fmt::format(
            "the trace needs {} bytes in {} pools even with fall-over, {} more than the heap of {}",
            found->bytes,
            found->pools.size(),
            static_cast<std::uint64_t>(found->bytes) - size,
            size
        ));
    std::vector<pool_spec> spread = found->pools;
    if (wanted.rule != headroom::none)
        spread_over_pools(spread, size - static_cast<std::uint64_t>(found->bytes));
    auto replayed = layout::replay(runs, {.pools = spread, .alignment = done.alignment});
    if (replayed && replayed->holds()) {
        done.pools = std::move(spread);
    } else {
        replayed = layout::replay(runs, {.pools = found->pools, .alignment = done.alignment});
        done.pools = found->pools;
    }
    if (!replayed) return std::unexpected(replayed.error());
    done.replay = *std::move(replayed);
    for (const pool_spec& pool : found->pools)
        done.loads.push_back(pool.capacity);
    done.size = static_cast<std::uint32_t>(size);
    done.used = found->bytes;
    done.without_squeeze = base.bytes;
    return {};
}

result<void> planner::state::too_small(const optimum& base, std::uint64_t size) {
    const auto needed = static_cast<std::uint64_t>(base.bytes);
    std::string message = fmt::format(
        "the trace needs {} bytes in {} pools, {} more than the heap of {}; the smallest heap that "
        "works is {} bytes: {}",
        needed,
        base.pools.size(),
        needed - size,
        size,
        needed,
        listed(base)
    );
    const std::size_t most = std::min<std::size_t>(work.classes().size(), 32);
    if (base.pools.size() < most) {
        optimizer wider(*index, {.most_pools = most, .keep = keep});
        if (const auto best = wider.best(most); best && best->bytes < base.bytes)
            message += fmt::format("; {} pools would need {}", best->pools.size(), best->bytes);
    }
    return fail(std::move(message));
}

std::vector<curve_point> planner::curve(std::size_t first, std::size_t last) {
    std::vector<curve_point> points;
    if (empty()) return points;
    for (std::size_t pools = first; pools <= last; ++pools) {
        const auto best = state_->search->best(pools);
        if (!best) continue;
        const std::int64_t bound = state_->bound(pools).bytes;
        points.push_back({
            .pools = pools,
            .used = best->bytes,
            .lower_bound = bound,
            .optimal = best->proved || best->bytes == bound,
        });
    }
    return points;
}

std::size_t cheapest_of(std::span<const curve_point> curve, std::uint32_t pool_cost) {
    const auto cost = [pool_cost](const curve_point& point) {
        return point.used + static_cast<std::int64_t>(point.pools * pool_cost);
    };
    return std::ranges::min_element(curve, {}, cost)->pools;
}

} // namespace drone::layout

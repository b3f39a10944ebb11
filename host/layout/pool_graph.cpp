// SPDX-License-Identifier: MIT
#include "layout/pool_graph.hpp"

#include "base/sorted.hpp"
#include "base/vector_clones.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <unordered_map>

namespace drone::layout {

namespace {

/// How many levels, from the lowest, a block serves.
std::uint32_t levels_served(std::uint64_t block, std::span<const workload::level> levels) {
    std::uint32_t count = 0;
    while (count < levels.size() && block % levels[count].alignment == 0)
        ++count;
    return count;
}

/// The smallest block, `least` or more, that serves exactly the first `count` levels.
std::uint64_t
next_serving(std::uint64_t least, std::uint32_t count, std::span<const workload::level> levels) {
    const std::uint64_t step = levels[count - 1].alignment;
    const std::uint64_t block = (least + step - 1) & ~(step - 1);
    const bool serves_more = count < levels.size() && (block & (levels[count].alignment - 1)) == 0;
    return serves_more ? block + step : block;
}

/// Adds every chain of blocks from `least` up that serve ever more levels, `fewest` or more.
void add_chain(
    std::uint64_t least,
    std::uint32_t fewest,
    std::span<const workload::level> levels,
    std::vector<std::uint32_t>& blocks
) {
    for (std::uint32_t count = fewest; count <= levels.size(); ++count) {
        const std::uint64_t block = next_serving(least, count, levels);
        if (block > std::numeric_limits<std::uint32_t>::max()) continue;
        blocks.push_back(static_cast<std::uint32_t>(block));
        add_chain(block + granule, count + 1, levels, blocks);
    }
}

} // namespace

std::vector<std::uint32_t>
pool_graph::blocks_of(const workload& work, std::span<const std::uint32_t> keep) {
    const auto& levels = work.levels();
    std::vector<std::uint32_t> blocks;
    for (std::uint32_t number = 0; number < levels.size(); ++number)
        for (std::uint32_t c = levels[number].classes.first; c < levels[number].classes.last; ++c)
            add_chain(work.classes()[c].block, number + 1, levels, blocks);
    for (const std::uint32_t block : keep) {
        blocks.push_back(block);
        add_chain(std::uint64_t{block} + granule, levels_served(block, levels) + 1, levels, blocks);
    }
    base::sort_once(blocks);
    return blocks;
}

/// Walks the states from the empty layout up, largest block by largest block.
class pool_graph::builder {
public:
    builder(pool_graph& graph, const workload& work, const options& wanted)
        : graph_(graph), work_(work), wanted_(wanted) {}

    /// False when there are too many edges.
    bool build() {
        add_candidates();
        // What is never written takes no memory, and a vector that grows takes it twice.
        graph_.candidate_of_.reserve(wanted_.edge_limit + 1);
        graph_.target_.reserve(wanted_.edge_limit + 1);
        graph_.loads_.reserve(wanted_.edge_limit + 1);
        if (wanted_.limit)
            completion_.emplace(
                work_,
                completion::candidates{graph_.blocks_, graph_.serves_, graph_.reach_},
                wanted_.most_pools,
                *wanted_.limit
            );
        by_top_.resize(graph_.blocks_.size());
        std::vector<std::uint32_t> nothing;
        for (const workload::level& level : work_.levels())
            nothing.push_back(level.classes.first);
        add_state(nothing);
        if (completion_) cost_[0] = 0;
        if (!leave(0, 0)) return false;
        for (std::uint32_t top = 0; top < graph_.blocks_.size(); ++top) {
            for (const auto& [code, state] : by_top_[top])
                if (!leave(state, top + 1)) return false;
            by_top_[top].clear();
        }
        graph_.first_edge_.push_back(graph_.loads_.size());
        return true;
    }

private:
    /// Tells the states of one largest block apart. There are up to 10 alignments above the least, and
    /// 128 bits suffice for 80,000 classes of them, far beyond what a graph can have edges for; 64 do
    /// not for 7 alignments of a thousand classes.
    using state_code = unsigned __int128;
    struct code_hash {
        std::size_t operator()(state_code code) const {
            constexpr std::uint64_t odd = 0x9E37'79B9'7F4A'7C15U;
            return (static_cast<std::uint64_t>(code) ^ static_cast<std::uint64_t>(code >> 64U) * odd
                   ) *
                   odd;
        }
    };

    void add_candidates() {
        std::vector<std::uint32_t>& blocks = graph_.blocks_;
        if (wanted_.only.empty()) {
            blocks = blocks_of(work_, wanted_.keep);
        } else {
            std::ranges::set_union(wanted_.only, wanted_.keep, std::back_inserter(blocks));
        }
        for (const std::uint32_t block : blocks) {
            graph_.serves_.push_back(levels_served(block, work_.levels()));
            graph_.kept_.push_back(std::ranges::binary_search(wanted_.keep, block));
            for (const workload::level& level : work_.levels())
                graph_.reach_.push_back(first_beyond(block, level.classes));
        }
    }

    /// The first class of the range with a larger block.
    [[nodiscard]] std::uint32_t first_beyond(std::uint32_t block, class_range range) const {
        const auto begin = work_.classes().begin();
        const auto found = std::partition_point(
            begin + range.first,
            begin + range.last,
            [block](const block_class& c) { return c.block <= block; }
        );
        return static_cast<std::uint32_t>(found - begin);
    }

    std::uint32_t add_state(std::span<const std::uint32_t> covered) {
        graph_.covered_.insert(graph_.covered_.end(), covered.begin(), covered.end());
        if (completion_) cost_.resize(cost_.size() + wanted_.most_pools + 1, unreachable);
        return states_++;
    }

    /// The state after `covered` and then `candidate`.
    std::uint32_t state_after(std::uint32_t candidate, std::span<const std::uint32_t> covered) {
        const std::uint32_t serves = graph_.serves_[candidate];
        state_code code = 0; // what is covered above the levels that the candidate decides
        for (std::size_t level = serves; level < covered.size(); ++level) {
            const class_range& all = work_.levels()[level].classes;
            code = code * (all.last - all.first + 1) + (covered[level] - all.first);
        }
        const auto [entry, is_new] = by_top_[candidate].try_emplace(code, states_);
        if (is_new) {
            std::vector<std::uint32_t> after(covered.begin(), covered.end());
            for (std::uint32_t level = 0; level < serves; ++level)
                after[level] = graph_.reach_[candidate * after.size() + level];
            add_state(after);
        }
        return entry->second;
    }

    /// Whether this candidate takes any class, and is the smallest block for those that it takes, as
    /// far as all blocks are candidates.
    [[nodiscard]] bool is_useful(
        std::uint32_t candidate, std::uint32_t first, std::span<const std::uint32_t> covered
    ) const {
        const std::uint32_t* const reach = &graph_.reach_[candidate * covered.size()];
        std::uint64_t least = first == 0 ? 0 : std::uint64_t{graph_.blocks_[first - 1]} + granule;
        bool takes_any = false;
        for (std::uint32_t level = 0; level < graph_.serves_[candidate]; ++level) {
            if (reach[level] == covered[level]) continue;
            takes_any = true;
            least = std::max<std::uint64_t>(least, work_.classes()[reach[level] - 1].block);
        }
        if (!takes_any || !wanted_.only.empty()) return takes_any;
        return next_serving(least, graph_.serves_[candidate], work_.levels()) ==
               graph_.blocks_[candidate];
    }

    /// Adds the edges of a state to candidates from `first` on.
    bool leave(std::uint32_t state, std::uint32_t first) {
        graph_.order_.push_back(state);
        graph_.first_edge_.push_back(graph_.loads_.size());
        const std::size_t levels = work_.levels().size();
        const std::vector<std::uint32_t> covered(
            graph_.covered_.begin() + static_cast<std::ptrdiff_t>(state * levels),
            graph_.covered_.begin() + static_cast<std::ptrdiff_t>((state + 1) * levels)
        );
        const std::uint32_t end = end_of_edges(first);
        if (!find_next(state, first, end, covered)) return false;
        for (const completion::possible_pool& pool : next_) {
            const bool kept = graph_.kept_[pool.candidate];
            if (kept || is_useful(pool.candidate, first, covered))
                add_edge(state, pool.candidate, kept ? std::max(pool.load, 1) : pool.load, covered);
            if (graph_.loads_.size() > wanted_.edge_limit) return false;
        }
        bool complete = end == first || !graph_.kept_[end - 1];
        for (std::size_t level = 0; level < levels; ++level)
            complete = complete && covered[level] == work_.levels()[level].classes.last;
        if (complete) graph_.final_.push_back(state);
        return true;
    }

    [[nodiscard]] std::size_t lanes() const { return wanted_.most_pools + 1; }

    /// No edge passes over a kept block.
    [[nodiscard]] std::uint32_t end_of_edges(std::uint32_t first) const {
        auto end = first;
        while (end < graph_.blocks_.size() && !graph_.kept_[end])
            ++end;
        return end < graph_.blocks_.size() ? end + 1 : end;
    }

    /// Puts the pools of [first, end) that may come next into next_. False when too many were looked
    /// at.
    bool find_next(
        std::uint32_t state,
        std::uint32_t first,
        std::uint32_t end,
        std::span<const std::uint32_t> covered
    ) {
        constexpr std::size_t looks_an_edge = 20;
        next_.clear();
        if (!completion_) {
            for (std::uint32_t candidate = first; candidate < end; ++candidate)
                next_.push_back({.candidate = candidate});
            return true;
        }
        completion_->leave(covered, std::span(cost_).subspan(state * lanes(), lanes()));
        completion_->find(first, end, next_);
        looks_ += end - first;
        return looks_ <= looks_an_edge * wanted_.edge_limit;
    }

    void add_edge(
        std::uint32_t state,
        std::uint32_t candidate,
        std::int32_t load,
        std::span<const std::uint32_t> covered
    ) {
        const std::uint32_t target = state_after(candidate, covered);
        graph_.candidate_of_.push_back(candidate);
        graph_.target_.push_back(target);
        graph_.loads_.push_back(load);
        if (!completion_) return;
        const std::int64_t bytes = bytes_of_blocks(graph_.blocks_[candidate], load);
        for (std::size_t used = 0; used < wanted_.most_pools; ++used) {
            std::int64_t& cost = cost_[target * lanes() + used + 1];
            cost = std::min(cost, cost_[state * lanes() + used] + bytes);
        }
    }

    pool_graph& graph_;
    const workload& work_;
    const options& wanted_;
    std::vector<completion::possible_pool> next_;
    std::optional<completion> completion_;
    std::size_t looks_ = 0;          ///< at candidates, with a completion
    std::vector<std::int64_t> cost_; ///< with a completion: by state and number of pools, at least
    std::uint32_t states_ = 0;
    /// By candidate: the states whose largest block it is.
    std::vector<std::unordered_map<state_code, std::uint32_t, code_hash>> by_top_;
};

std::optional<pool_graph> pool_graph::of(const workload& work, const options& wanted) {
    pool_graph graph;
    graph.most_pools_ = wanted.most_pools;
    graph.level_count_ = work.levels().size();
    if (!builder(graph, work, wanted).build()) return std::nullopt;
    return graph;
}

class_set pool_graph::classes(edge_id edge) const {
    const auto position = std::ranges::upper_bound(first_edge_, edge) - first_edge_.begin() - 1;
    const std::size_t state = order_[static_cast<std::size_t>(position)];
    const std::size_t candidate = candidate_of_[edge];
    class_set set;
    for (std::size_t level = 0; level < serves_[candidate]; ++level) {
        const class_range range{
            covered_[state * level_count_ + level], reach_[candidate * level_count_ + level]
        };
        if (!range.empty()) set.push_back(range);
    }
    return set;
}

void pool_graph::raise(const prefix_counts& counts) {
    // Sums over the levels that a pool serves, of what is up to a block, and of what is covered.
    std::vector<std::int32_t> reached(blocks_.size());
    for (std::size_t candidate = 0; candidate < blocks_.size(); ++candidate)
        for (std::size_t level = 0; level < serves_[candidate]; ++level)
            reached[candidate] += counts[reach_[candidate * level_count_ + level]];
    std::vector<std::int32_t> before(level_count_ + 1);
    for (std::size_t position = 0; position < order_.size(); ++position) {
        const std::uint32_t* const covered = &covered_[order_[position] * level_count_];
        for (std::size_t level = 0; level < level_count_; ++level)
            before[level + 1] = before[level] + counts[covered[level]];
        for (std::size_t edge = first_edge_[position]; edge < first_edge_[position + 1]; ++edge) {
            const std::uint32_t candidate = candidate_of_[edge];
            const std::int32_t load = reached[candidate] - before[serves_[candidate]];
            loads_[edge] = std::max(loads_[edge], load);
        }
    }
}

namespace {

/// Costs of a state by number of pools, and the edges that they came by. Both are 64 bits wide, so
/// that one comparison selects in both.
using costs = std::int64_t;

/// Tries an edge of so many bytes for every number of pools at once.
[[gnu::always_inline]] inline void relax(
    const costs* from, costs* to, costs* by, std::int64_t bytes, costs edge, std::size_t most_pools
) {
    for (std::size_t used = 0; used < most_pools; ++used) {
        const costs sum = from[used] + bytes;
        const bool better = sum < to[used + 1];
        to[used + 1] = better ? sum : to[used + 1];
        by[used + 1] = better ? edge : by[used + 1];
    }
}

} // namespace

DRONE_VECTOR_CLONES void pool_graph::relax_all(
    growth scale, std::int64_t limit, std::int64_t* cost, std::int64_t* arrival
) const {
    const std::size_t lanes = most_pools_ + 1;
    for (std::size_t position = 0; position < order_.size(); ++position) {
        const costs* const from = &cost[order_[position] * lanes];
        const std::int64_t room = limit - *std::min_element(from, from + lanes);
        for (std::size_t edge = first_edge_[position]; edge < first_edge_[position + 1]; ++edge) {
            const std::int64_t bytes =
                bytes_of_blocks(blocks_[candidate_of_[edge]], scale.of(loads_[edge]));
            if (bytes >= room) continue;
            const std::size_t target = target_[edge] * lanes;
            relax(
                from, &cost[target], &arrival[target], bytes, static_cast<costs>(edge), most_pools_
            );
        }
    }
}

std::vector<std::optional<pool_graph::path>>
pool_graph::cheapest(growth scale, std::int64_t limit) const {
    const std::size_t lanes = most_pools_ + 1;
    std::vector<std::int64_t> cost(order_.size() * lanes, unreachable);
    std::vector<std::int64_t> arrival(order_.size() * lanes);
    cost[order_[0] * lanes] = 0;
    relax_all(scale, limit, cost.data(), arrival.data());

    const auto source_of = [&](std::uint32_t edge) {
        const auto next = std::ranges::upper_bound(first_edge_, edge);
        return order_[static_cast<std::size_t>(next - first_edge_.begin() - 1)];
    };
    std::vector<std::optional<path>> paths(lanes);
    std::int64_t fewest = limit;
    for (std::size_t used = 0; used < lanes; ++used) {
        if (used > 0) paths[used] = paths[used - 1];
        for (std::uint32_t state : final_) {
            const std::int64_t bytes = cost[state * lanes + used];
            if (bytes >= fewest) continue;
            fewest = bytes;
            path found{.pools = {}, .bytes = bytes};
            for (std::size_t left = used; left > 0; --left) {
                const auto edge = static_cast<edge_id>(arrival[state * lanes + left]);
                found.pools.push_back(edge);
                state = source_of(edge);
            }
            std::ranges::reverse(found.pools);
            paths[used] = std::move(found);
        }
    }
    return paths;
}

} // namespace drone::layout

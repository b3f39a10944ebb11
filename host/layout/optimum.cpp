// SPDX-License-Identifier: MIT
#include "layout/optimum.hpp"

#include "base/sorted.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace drone::layout {

namespace {

/// As many sets as one pass over the steps measures.
constexpr std::size_t sets_a_pass = 16;

/// Cutting planes over one graph.
class cuts {
public:
    cuts(const load_index& index, pool_graph graph)
        : index_(&index), graph_(std::move(graph)), measured_(graph_.edge_count()) {}

    void bound_by(const prefix_counts& counts) { graph_.raise(counts); }

    /// The cheapest layout of the graph. The counts at the moments that mattered are added to
    /// `known`.
    [[nodiscard]] std::optional<optimum>
    cheapest(std::size_t pools, growth scale, std::vector<prefix_counts>& known) {
        std::optional<optimum> incumbent;
        while (true) {
            // What costs as much as the incumbent is looked at, too: of several best layouts this
            // gives the graph's first, whatever was measured before and whichever moments reach the
            // peaks.
            const auto paths =
                graph_.cheapest(scale, incumbent ? incumbent->bytes + 1 : pool_graph::unreachable);
            const auto& path = paths[pools];
            if (!path) break; // there is no layout at all
            if (const auto edges = unmeasured(paths, pools); !edges.empty()) measure(edges, known);
            optimum layout = measured_layout(*path, scale);
            const bool tight = layout.bytes == path->bytes;
            if (tight || !incumbent || layout.bytes < incumbent->bytes)
                incumbent = std::move(layout);
            if (tight) break;
        }
        return incumbent;
    }

private:
    /// Edges not yet measured: those of the path to `pools` pools and, as far as the same pass over
    /// the steps measures them for nothing, those of the paths to fewer and to more.
    [[nodiscard]] std::vector<pool_graph::edge_id>
    unmeasured(const std::vector<std::optional<pool_graph::path>>& paths, std::size_t pools) const {
        std::vector<pool_graph::edge_id> edges;
        const auto add = [&](std::size_t count, std::size_t limit) {
            if (count >= paths.size() || !paths[count]) return;
            for (const pool_graph::edge_id edge : paths[count]->pools)
                if (!measured_[edge] && edges.size() < limit &&
                    std::ranges::find(edges, edge) == edges.end())
                    edges.push_back(edge);
        };
        add(pools, pools);
        const std::size_t limit = (edges.size() + sets_a_pass - 1) / sets_a_pass * sets_a_pass;
        for (std::size_t away = 1; away <= paths.size(); ++away) {
            if (away <= pools) add(pools - away, limit);
            add(pools + away, limit);
        }
        return edges;
    }

    void measure(const std::vector<pool_graph::edge_id>& edges, std::vector<prefix_counts>& known) {
        std::vector<class_set> sets;
        std::vector<peak> peaks;
        for (const pool_graph::edge_id edge : edges) {
            sets.push_back(graph_.classes(edge));
            peaks.push_back({.load = graph_.load(edge), .when = {}});
        }
        const std::vector<peak> before = peaks;
        index_->raise_peaks(sets, peaks);
        std::vector<moment> moments;
        for (std::size_t number = 0; number < edges.size(); ++number) {
            measured_[edges[number]] = true;
            if (peaks[number].load > before[number].load &&
                std::ranges::find(moments, peaks[number].when) == moments.end())
                moments.push_back(peaks[number].when);
        }
        for (const moment& when : moments) {
            known.push_back(index_->counts_at(when));
            graph_.raise(known.back());
        }
    }

    [[nodiscard]] optimum measured_layout(const pool_graph::path& path, growth scale) const {
        optimum layout;
        for (const pool_graph::edge_id edge : path.pools) {
            layout.pools.push_back({.block = graph_.block(edge), .load = graph_.load(edge)});
            layout.bytes += scale.of(graph_.load(edge)) * graph_.block(edge);
        }
        return layout;
    }

    const load_index* index_;
    pool_graph graph_;
    std::vector<bool> measured_; ///< by edge: its load is exact
};

/// Of the blocks, ascending, those that serve every alignment, thinned out evenly to
/// that many at most. The largest is among them.
std::vector<std::uint32_t>
coarse_part(std::span<const std::uint32_t> blocks, std::uint32_t alignment, std::size_t most) {
    std::vector<std::uint32_t> serve_all;
    std::ranges::copy_if(blocks, std::back_inserter(serve_all), [alignment](std::uint32_t block) {
        return block % alignment == 0;
    });
    const std::size_t stride = (serve_all.size() + most - 1) / most;
    std::vector<std::uint32_t> part;
    for (std::size_t at = (serve_all.size() - 1) % stride; at < serve_all.size(); at += stride)
        part.push_back(serve_all[at]);
    return part;
}

/// Of the blocks, ascending, those of the layout and around them: so many nearest in both directions,
/// and as many again at doubling distances.
std::vector<std::uint32_t>
part_around(const optimum& layout, std::span<const std::uint32_t> blocks, std::size_t nearest) {
    std::vector<std::size_t> places;
    const auto add = [&](std::size_t place) {
        if (place < blocks.size()) places.push_back(place);
    };
    for (const pool_load& pool : layout.pools) {
        const auto found = std::ranges::lower_bound(blocks, pool.block) - blocks.begin();
        const auto middle = static_cast<std::size_t>(found);
        add(middle);
        std::size_t away = 1;
        for (std::size_t step = 0; step < 2 * nearest; ++step) {
            add(middle + away);
            if (away <= middle) add(middle - away);
            away = step < nearest ? away + 1 : away * 2;
        }
    }
    base::sort_once(places);
    std::vector<std::uint32_t> part;
    part.reserve(places.size());
    for (const std::size_t place : places)
        part.push_back(blocks[place]);
    return part;
}

} // namespace

struct optimizer::state {
    const load_index* index;
    pool_graph::options shape;              ///< of the whole graph
    std::size_t rest_limit = 0;             ///< edges of a graph without what costs too much
    std::vector<prefix_counts> known = {};  ///< at moments that matter
    std::vector<std::uint32_t> blocks = {}; ///< all; empty: the search is over the whole graph
    std::optional<cuts> search = {};
    std::optional<cuts> rest = {}; ///< over all that can be better, for so many pools:
    std::size_t rest_pools = 0;
    std::optional<optimum> plain = {}; ///< a good layout without growth, for so many pools
    std::size_t too_many_pools =
        SIZE_MAX; ///< for which that graph is too large; for more it is, too

    /// Nothing when the graph has too many edges.
    [[nodiscard]] std::optional<cuts> search_over(const pool_graph::options& part) {
        auto graph = pool_graph::of(index->work(), part);
        if (!graph) return std::nullopt;
        cuts made(*index, *std::move(graph));
        for (const prefix_counts& counts : known)
            made.bound_by(counts);
        return made;
    }

    [[nodiscard]] std::optional<cuts> search_over(std::vector<std::uint32_t> only) {
        constexpr std::size_t edges_of_a_part = 4'000'000; // a fifth of a second
        pool_graph::options part = shape;
        part.only = std::move(only);
        part.edge_limit = std::min(shape.edge_limit, edges_of_a_part);
        return search_over(part);
    }

    void search_coarsely() {
        blocks = pool_graph::blocks_of(index->work(), shape.keep);
        const std::uint32_t alignment = index->work().levels().back().alignment;
        for (std::size_t most = 2800; !search; most /= 2)
            search = search_over(coarse_part(blocks, alignment, most));
    }

    /// A better layout with blocks around those of this one.
    [[nodiscard]] std::optional<optimum>
    better_around(const optimum& layout, std::size_t pools, growth scale) {
        for (std::size_t nearest = 8; nearest > 0; nearest /= 2) {
            auto around = search_over(part_around(layout, blocks, nearest));
            if (!around) continue;
            auto found = around->cheapest(pools, scale, known);
            if (!found || found->bytes >= layout.bytes) return std::nullopt;
            return found;
        }
        return std::nullopt;
    }

    [[nodiscard]] std::optional<optimum> good(std::size_t pools, growth scale) {
        std::optional<optimum> found;
        if (search) found = search->cheapest(pools, scale, known);
        while (found) {
            auto better = better_around(*found, pools, scale);
            if (!better) break;
            found = std::move(better);
        }
        return found;
    }

    /// Everything that can be better than a good layout, whatever the growth: that takes at most a
    /// block of each pool more than the growth of the bytes, and anything else at least that growth.
    void search_rest(std::size_t pools) {
        if (rest_pools == pools || pools >= too_many_pools) return;
        rest.reset();
        rest_pools = pools;
        plain = good(pools, {});
        if (!plain) return;
        pool_graph::options better = shape;
        better.most_pools = pools;
        better.edge_limit = rest_limit;
        better.limit = ceiling{.bytes = plain->bytes, .known = known};
        for (const pool_load& pool : plain->pools)
            better.limit->bytes += pool.block;
        if (auto graph = pool_graph::of(index->work(), better))
            rest.emplace(*index, *std::move(graph));
        else
            too_many_pools = pools;
    }

    [[nodiscard]] std::optional<optimum> best(std::size_t pools, growth scale) {
        const bool is_whole = blocks.empty();
        if (!is_whole) search_rest(pools);
        std::optional<cuts>& complete = is_whole ? search : rest;
        const bool is_complete = complete && (is_whole || rest_pools == pools);
        const bool is_plain = !is_whole && rest_pools == pools && scale == growth{};
        auto found = is_complete ? complete->cheapest(pools, scale, known)
                     : is_plain  ? plain
                                 : good(pools, scale);
        if (found) found->proved = is_complete;
        return found;
    }
};

optimizer::optimizer(const load_index& index, const options& wanted) {
    const bool is_flat = index.work().levels().size() <= 1;
    state_ = std::make_unique<state>(state{
        .index = &index,
        .shape =
            {.most_pools = wanted.most_pools,
             .keep = wanted.keep,
             .edge_limit = is_flat ? wanted.edge_limit : wanted.edge_limit / 10},
        .rest_limit = wanted.edge_limit / 10 * 3,
    });
    for (const moment& when : index.busy_moments())
        state_->known.push_back(index.counts_at(when));
    state_->search = state_->search_over(state_->shape);
    if (!state_->search) state_->search_coarsely();
}

optimizer::~optimizer() = default;
optimizer::optimizer(optimizer&&) noexcept = default;
optimizer& optimizer::operator=(optimizer&&) noexcept = default;

std::optional<optimum> optimizer::best(std::size_t pools, growth scale) {
    return state_->best(pools, scale);
}

} // namespace drone::layout

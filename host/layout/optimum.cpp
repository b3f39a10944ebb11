// SPDX-License-Identifier: MIT
#include "layout/optimum.hpp"

#include <algorithm>

namespace drone::layout {

namespace {

/// As many sets as one pass over the steps measures.
constexpr std::size_t sets_a_pass = 16;

} // namespace

struct optimizer::state {
    const load_index* index;
    pool_graph graph;
    bool exact;
    std::vector<bool> measured; ///< by edge: its load is exact

    void bound_by(const moment& when) { graph.raise(index->counts_at(when)); }

    /// Edges not yet measured: those of the path to `pools` pools and, as far as the same pass over
    /// the steps measures them for nothing, those of the paths to fewer and to more.
    [[nodiscard]] std::vector<pool_graph::edge_id>
    unmeasured(const std::vector<std::optional<pool_graph::path>>& paths, std::size_t pools) const {
        std::vector<pool_graph::edge_id> edges;
        const auto add = [&](std::size_t count, std::size_t limit) {
            if (count >= paths.size() || !paths[count]) return;
            for (const pool_graph::edge_id edge : paths[count]->pools)
                if (!measured[edge] && edges.size() < limit &&
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

    void measure(const std::vector<pool_graph::edge_id>& edges) {
        std::vector<class_set> sets;
        std::vector<peak> peaks;
        for (const pool_graph::edge_id edge : edges) {
            sets.push_back(graph.classes(edge));
            peaks.push_back({.load = graph.load(edge), .when = {}});
        }
        const std::vector<peak> known = peaks;
        index->raise_peaks(sets, peaks);
        std::vector<moment> moments;
        for (std::size_t number = 0; number < edges.size(); ++number) {
            measured[edges[number]] = true;
            if (peaks[number].load > known[number].load &&
                std::ranges::find(moments, peaks[number].when) == moments.end())
                moments.push_back(peaks[number].when);
        }
        for (const moment& when : moments)
            bound_by(when);
    }

    [[nodiscard]] optimum measured_layout(const pool_graph::path& path, growth scale) const {
        optimum layout;
        for (const pool_graph::edge_id edge : path.pools) {
            layout.pools.push_back({.block = graph.block(edge), .load = graph.load(edge)});
            layout.bytes += scale.of(graph.load(edge)) * graph.block(edge);
        }
        return layout;
    }
};

optimizer::optimizer(const load_index& index, const options& wanted) {
    pool_graph::options shape{
        .most_pools = wanted.most_pools,
        .keep = wanted.keep,
        .block_step = granule,
        .edge_limit = wanted.edge_limit,
    };
    auto graph = pool_graph::of(index.work(), shape);
    for (; !graph; graph = pool_graph::of(index.work(), shape))
        shape.block_step *= 2;
    const std::size_t edges = graph->edge_count();
    state_ = std::make_unique<state>(state{
        .index = &index,
        .graph = std::move(*graph),
        .exact = shape.block_step == granule,
        .measured = std::vector<bool>(edges),
    });
    for (const moment& when : index.busy_moments())
        state_->bound_by(when);
}

optimizer::~optimizer() = default;
optimizer::optimizer(optimizer&&) noexcept = default;
optimizer& optimizer::operator=(optimizer&&) noexcept = default;

std::optional<optimum> optimizer::best(std::size_t pools, growth scale) {
    std::optional<optimum> incumbent;
    while (true) {
        // What costs as much as the incumbent is looked at, too: of several best layouts this gives
        // the graph's first, whatever was measured before and whichever moments reach the peaks.
        const auto paths = state_->graph.cheapest(
            scale, incumbent ? incumbent->bytes + 1 : pool_graph::unreachable
        );
        const auto& path = paths[pools];
        if (!path) break; // there is no layout at all
        if (const auto edges = state_->unmeasured(paths, pools); !edges.empty())
            state_->measure(edges);
        optimum layout = state_->measured_layout(*path, scale);
        const bool tight = layout.bytes == path->bytes;
        if (tight || !incumbent || layout.bytes < incumbent->bytes) incumbent = std::move(layout);
        if (tight) break;
    }
    if (incumbent) incumbent->proved = state_->exact;
    return incumbent;
}

} // namespace drone::layout

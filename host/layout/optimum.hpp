// SPDX-License-Identifier: MIT
#pragma once

#include "layout/loads.hpp"
#include "layout/pool_graph.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace drone::layout {

/// A pool of a layout before any headroom.
struct pool_load {
    std::uint32_t block = 0; ///< bytes
    std::int64_t load = 0;   ///< most blocks live at one time; a kept pool has at least one

    friend bool operator==(const pool_load&, const pool_load&) = default;
};

/// Pools by ascending block, none of them empty.
struct optimum {
    std::vector<pool_load> pools;
    std::int64_t bytes = 0; ///< sum of block times scaled load
    bool proved = false;    ///< no layout of as many pools holds the trace in less
};

/// The layout of at most K pools that holds a workload in the fewest bytes, with a proof.
///
/// Every pool gets the most blocks of its classes that are ever live at one time, so the trace is
/// held without a request ever falling over into a larger pool, and so is every trace whose pools
/// peak no higher. Among such layouts the one found needs the fewest bytes: cutting planes.
///
///     loads known from a few moments bound every possible pool from below
///     repeat
///         the cheapest path through the pool graph under these bounds: no layout is cheaper
///         measure the pools on it exactly, in one pass; the moments of their peaks bound anew
///     until the bound is what the best measured layout takes
///
/// That equality is the certificate. Where the whole graph would be too large (beyond some 8,000
/// sizes, or several levels of alignment with hundreds of sizes), the same search first runs over a
/// part of the blocks: those that serve every alignment, at most 2,800; then those around the blocks
/// of the best layout found, again and again until none there is better. Then it runs over a graph
/// without the paths that surely cost more than that layout (completion.hpp). Where even that is too
/// large, the layout found holds the trace all the same, and is not called optimal.
class optimizer {
public:
    struct options {
        std::size_t most_pools = 1;
        std::vector<std::uint32_t> keep = {
        }; ///< blocks that must be pools: ascending, whole granules
        /// Of the whole graph, 12 bytes an edge; with several alignments a tenth, where every edge may
        /// lead to a state of its own. Three tenths without the paths that cost too much.
        std::size_t edge_limit = 40'000'000;
    };

    /// Keeps a reference to the index. Memory: O(sizes^2) with one level of alignment.
    optimizer(const load_index& index, const options& wanted);
    ~optimizer();
    optimizer(optimizer&&) noexcept;
    optimizer& operator=(optimizer&&) noexcept;

    /// The best layout of at most `pools` pools, 1 to most_pools, its loads scaled before they are
    /// added up. Nothing when so few pools cannot hold all blocks to keep, or cannot serve all
    /// alignments. Later calls profit from what earlier ones measured.
    [[nodiscard]] std::optional<optimum> best(std::size_t pools, growth scale = {});

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace drone::layout

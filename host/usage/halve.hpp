// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace drone::usage {

/// Makes a history coarser: `join(first, second)` takes the place of two neighbours. A last one without
/// a neighbour stays.
template <class Stretch, class Join>
void halve(std::vector<Stretch>& history, Join join) {
    std::size_t made = 0;
    for (std::size_t i = 0; i < history.size(); i += 2, ++made)
        history[made] =
            i + 1 < history.size() ? join(history[i], history[i + 1]) : std::move(history[i]);
    history.resize(made);
}

} // namespace drone::usage

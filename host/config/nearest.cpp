// SPDX-License-Identifier: MIT
#include "config/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace drone::config {

namespace {

/// Levenshtein's distance, one row of its table at a time.
std::size_t distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

} // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
    std::string_view best;
    std::size_t best_distance = 0;
    for (const std::string_view candidate : known) {
        const std::size_t d = distance(word, candidate);
        if (d > std::max(word.size(), candidate.size()) / 2) continue;
        if (best.empty() || d < best_distance) {
            best = candidate;
            best_distance = d;
        }
    }
    return best;
}

} // namespace drone::config

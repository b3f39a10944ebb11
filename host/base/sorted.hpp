// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

namespace drone::base {

/// Sorts them, and leaves one of those that are equal. Elements that are equal must be neighbours in that order.
template <class T, class Order = std::ranges::less>
void sort_once(std::vector<T>& all, Order order = {}) {
    std::ranges::sort(all, order);
    const auto repeated = std::ranges::unique(all);
    all.erase(repeated.begin(), repeated.end());
}

} // namespace drone::base

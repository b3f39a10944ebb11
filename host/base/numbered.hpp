// SPDX-License-Identifier: MIT
#pragma once

// The numbers of things, as types of their own: one is never taken for a number of something else, for
// an offset or for a size.
//
//     enum class pool_number : std::uint32_t {};
//     base::by_number<pool_number, std::uint64_t> taken(pools);
//     ++taken[served];

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace drone::base {

/// A scoped enumeration without names; its numbers are dense, from 0.
template <class T>
concept number = std::is_scoped_enum_v<T>;

/// A vector whose index is such a number: what is known of each thing.
template <number Number, class T>
class by_number : public std::vector<T> {
public:
    using std::vector<T>::vector;

    /// Requires an element of that number.
    [[nodiscard]] decltype(auto) operator[](Number n) {
        return std::vector<T>::operator[](std::to_underlying(n));
    }
    [[nodiscard]] decltype(auto) operator[](Number n) const {
        return std::vector<T>::operator[](std::to_underlying(n));
    }
    /// Makes room for it; what nothing was said of is T{}. Amortised O(1).
    T& reach(Number n) {
        const std::size_t at = std::to_underlying(n);
        if (at >= this->size()) [[unlikely]]
            this->resize(std::max(at + 1, this->size() * 2));
        return (*this)[n];
    }
    /// Null where there is no room for it.
    [[nodiscard]] const T* find(Number n) const {
        return std::to_underlying(n) < this->size() ? &(*this)[n] : nullptr;
    }
    /// Of all elements, ascending.
    [[nodiscard]] auto numbers() const {
        return std::views::iota(std::size_t{0}, this->size()) |
               std::views::transform([](std::size_t n) { return static_cast<Number>(n); });
    }
};

} // namespace drone::base

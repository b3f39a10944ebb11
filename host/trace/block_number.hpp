// SPDX-License-Identifier: MIT
#pragma once

// Which block of a trace. A type of its own, so that it is never taken for a size or an offset.

#include "base/numbered.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace drone::trace {

/// Numbers are dense. One is reused after its block was given back.
enum class block_number : std::uint32_t {};

/// The block of a change in a format without identity.
inline constexpr block_number no_block{UINT32_MAX};

/// `count` blocks after it.
[[nodiscard]] constexpr block_number operator+(block_number n, std::uint32_t count) {
    return block_number{std::to_underlying(n) + count};
}
/// How many blocks after `first` it is; modulo 2^32.
[[nodiscard]] constexpr std::uint32_t operator-(block_number n, block_number first) {
    return std::to_underlying(n) - std::to_underlying(first);
}

/// Hands out numbers, for a format that names its blocks by something else. The one that was given
/// back last goes first.
class block_numbers {
public:
    [[nodiscard]] block_number take() {
        if (free_.empty()) return block_number{next_++};
        const block_number n = free_.back();
        free_.pop_back();
        return n;
    }
    void give_back(block_number n) { free_.push_back(n); }

private:
    std::vector<block_number> free_;
    std::uint32_t next_ = 0;
};

/// What is known of each block, by its number.
template <class T>
using by_block = base::by_number<block_number, T>;

} // namespace drone::trace

// SPDX-License-Identifier: MIT
#pragma once

// What nearly every event of a native trace comes to, in 8 bytes: a block is taken or given back,
// by nobody known. Reading a trace at memory speed rests on how little that is.

#include "trace/block_number.hpp"

#include <cstdint>

namespace drone::trace {

/// What a live block was asked for, or that a block is free, in one number:
///
///     31     30   29          25 24            0
///     +------+----+--------------+--------------+
///     | live |  0 | log2(align.) |         size |
///     +------+----+--------------+--------------+
class request {
public:
    static constexpr unsigned size_bits = 25; // a block may be as large as the largest traced heap

    request() = default; ///< free
    explicit constexpr request(std::uint32_t bits) : bits_(bits) {}
    constexpr request(std::uint32_t size, std::uint32_t alignment_log2)
        : bits_((1U << 31U) + (alignment_log2 << size_bits) + size) {}

    [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
    /// 1 or 0.
    [[nodiscard]] constexpr std::uint32_t is_live() const { return bits_ >> 31U; }
    [[nodiscard]] constexpr std::uint32_t size() const { return bits_ & ((1U << size_bits) - 1); }
    [[nodiscard]] constexpr std::uint8_t alignment_log2() const {
        return static_cast<std::uint8_t>(bits_ >> size_bits & 0x1FU);
    }

private:
    std::uint32_t bits_ = 0;
};

/// A block is taken, or given back.
class brief_change {
public:
    brief_change() = default;
    /// `gives_back` is 0 or 1.
    constexpr brief_change(block_number block, request asked, std::uint32_t gives_back)
        : bits_(
              std::uint64_t{std::to_underlying(block)} << 32U | (asked.bits() ^ gives_back << 31U)
          ) {}

    [[nodiscard]] constexpr block_number block() const {
        return static_cast<block_number>(bits_ >> 32U);
    }
    [[nodiscard]] constexpr std::uint32_t size() const {
        return request(static_cast<std::uint32_t>(bits_)).size();
    }
    [[nodiscard]] constexpr std::uint8_t alignment_log2() const {
        return request(static_cast<std::uint32_t>(bits_)).alignment_log2();
    }
    [[nodiscard]] constexpr bool gives_back() const { return (bits_ >> 31U & 1U) == 0; }

private:
    std::uint64_t bits_ = 0; // written as one
};

} // namespace drone::trace

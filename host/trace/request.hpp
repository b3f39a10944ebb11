// SPDX-License-Identifier: MIT
#pragma once

// What a block was asked for, in 4 bytes. Reading a trace at memory speed rests on how little that is.

#include <cstdint>

namespace drone::trace {

/// What a live block was asked for, or that a block is free, in one number:
///
///     31     30      29          25 24            0
///     +------+-------+--------------+--------------+
///     | live | taken | log2(align.) |         size |
///     +------+-------+--------------+--------------+
///
/// `taken` is only of a change (brief_changes): this change takes the block, it does not give it back.
class request {
public:
    static constexpr std::uint32_t taken = 1U << 30U;
    static constexpr unsigned size_bits = 25; // a block may be as large as the largest traced heap

    request() = default; ///< free
    explicit constexpr request(std::uint32_t bits) : bits_(bits) {}
    constexpr request(std::uint32_t size, std::uint32_t alignment_log2)
        : bits_((1U << 31U) + (alignment_log2 << size_bits) + size) {}

    [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
    /// 1 or 0.
    [[nodiscard]] constexpr std::uint32_t is_live() const { return bits_ >> 31U; }
    /// 1 or 0.
    [[nodiscard]] constexpr std::uint32_t is_taken() const { return bits_ >> 30U & 1U; }
    /// How many blocks fewer are live after the change: -1 or 1.
    [[nodiscard]] constexpr std::int32_t fewer() const {
        return static_cast<std::int32_t>(bits_ << 1U) >> 31U | 1;
    }
    [[nodiscard]] constexpr std::uint32_t size() const { return bits_ & ((1U << size_bits) - 1); }
    [[nodiscard]] constexpr std::uint8_t alignment_log2() const {
        return static_cast<std::uint8_t>(bits_ >> size_bits & 0x1FU);
    }

private:
    std::uint32_t bits_ = 0;
};

} // namespace drone::trace

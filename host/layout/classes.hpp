// SPDX-License-Identifier: MIT
#pragma once

// What runs ask of a layout: classes of blocks, and when blocks of each class are live.
//
// Requests of several runs fall into one set of classes. A class is the smallest block that can
// serve the request: its size rounded up to the granule and to the alignment asked for, where no
// bytes at all still take one granule. Two requests with the same block and alignment are one
// class.
//
// A pool serves a class when its block is not smaller and its blocks are aligned to at least what
// the class asks. Classes are ordered by ascending alignment, then block, so that the classes a pool can
// serve are one range in each level of alignment.

#include "base/error.hpp"
#include "usage/demand.hpp"

#include <drone/layout.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace drone::layout {

/// Requests that no layout can distinguish.
struct block_class {
    std::uint32_t block = 0;           ///< bytes, a positive multiple of the alignment
    std::uint32_t alignment = granule; ///< bytes, a power of two, at least the granule

    friend bool operator==(const block_class&, const block_class&) = default;
};

/// More than any layout takes; three of them still add.
inline constexpr std::int64_t too_many_bytes = std::int64_t{1} << 61;

/// Of so many blocks; too_many_bytes at most.
[[nodiscard]] inline std::int64_t bytes_of_blocks(std::uint32_t block, std::int64_t count) {
    std::int64_t bytes = 0;
    const bool overflow = __builtin_mul_overflow(std::int64_t{block}, count, &bytes);
    return overflow ? too_many_bytes : std::min(bytes, too_many_bytes);
}

/// The class of a request; nothing when its block does not fit 32 bits or no heap can be declared
/// with that alignment.
[[nodiscard]] result<block_class> block_of(const usage::request_class& request);

/// Classes [first, last).
struct class_range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;

    [[nodiscard]] bool empty() const { return first == last; }
    friend bool operator==(const class_range&, const class_range&) = default;
};

/// The classes of one pool: a range in each level of alignment, empty ones left out.
using class_set = std::vector<class_range>;

/// Several runs of a program in one set of classes. Refers to the demands it was made of.
class workload {
public:
    /// The classes that ask for the same alignment.
    struct level {
        std::uint32_t alignment = granule;
        class_range classes;
    };
    struct run {
        const usage::demand* demand = nullptr;
        /// Which of classes() it is; classes().size() for one that is never taken.
        usage::by_class<std::uint32_t> class_of;
    };

    /// Classes that a demand names and never takes are left out. O(steps), stops early once every
    /// class was seen. On failure names the request that no heap can serve.
    [[nodiscard]] static result<workload> of(std::span<const usage::demand* const> runs);

    [[nodiscard]] const std::vector<block_class>& classes() const { return classes_; }
    [[nodiscard]] const std::vector<level>& levels() const { return levels_; }
    [[nodiscard]] const std::vector<run>& runs() const { return runs_; }
    /// The alignment that a heap for these runs must offer, at least the default, bytes.
    [[nodiscard]] std::uint32_t alignment() const;
    /// The largest block of any class, 0 when nothing was ever asked for.
    [[nodiscard]] std::uint32_t largest_block() const;

    /// The classes that ask for a block larger than `bytes`.
    [[nodiscard]] class_set larger_than(std::uint32_t bytes) const;

private:
    std::vector<block_class> classes_;
    std::vector<level> levels_;
    std::vector<run> runs_;
};

} // namespace drone::layout

// SPDX-License-Identifier: MIT
#pragma once

// Which bytes of a stretch of memory belong to blocks, and the holes between them: of an overflow region, and of a
// heap that is not ours.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

namespace drone::usage {

/// Blocks by address. No two overlap: where a trace with losses says so, the later one is right, because no allocator
/// hands out what is in use. What is only an estimate of the end of the earlier one gives way first.
///
/// Memory: some 100 bytes a block. Everything is O(log of the blocks) or better.
class occupancy {
public:
    struct block {
        std::uint64_t end = 0; ///< the byte after the last
        std::uint64_t beside =
            0; ///< of its bytes, those that are not the program's: header, rounding
    };
    using blocks = std::map<std::uint64_t, block>; ///< by first byte

    struct holes {
        std::uint64_t bytes = 0; ///< of all
        std::uint64_t largest = 0;
        std::uint64_t count = 0;
    };

    /// Of the bytes below `limit`. A rest that is shorter than `least_rest` in front of the next block belongs to the
    /// block before it.
    explicit occupancy(std::uint64_t limit = 0, std::uint64_t least_rest = 1)
        : limit_(limit), least_rest_(least_rest) {}

    /// A block of [begin, wanted.end), as far as the next block and the limit leave that. The end of live() where
    /// there is none: at the limit or beyond.
    blocks::const_iterator take(std::uint64_t begin, block wanted);
    /// Requires a block of live().
    void give_back(blocks::const_iterator which);

    [[nodiscard]] const blocks& live() const { return live_; }
    [[nodiscard]] std::uint64_t taken() const { return taken_; } ///< bytes of all blocks
    [[nodiscard]] std::uint64_t beside() const {
        return beside_;
    } ///< of taken(), see block::beside
    /// Holes of [from, to), which has every block.
    [[nodiscard]] holes holes_in(std::uint64_t from, std::uint64_t to) const;

private:
    void make_room(std::uint64_t begin, std::uint64_t sure_end);
    void close(std::uint64_t from, std::uint64_t to);
    void open(std::uint64_t from, std::uint64_t to);
    blocks::const_iterator put(blocks::const_iterator next, std::uint64_t begin, block b);

    std::uint64_t limit_;
    std::uint64_t least_rest_;
    blocks live_;
    std::multiset<std::uint64_t> between_; ///< bytes of each hole between two blocks
    std::uint64_t taken_ = 0;
    std::uint64_t beside_ = 0;
};

} // namespace drone::usage

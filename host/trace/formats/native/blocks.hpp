// SPDX-License-Identifier: MIT
#pragma once

#include "trace/formats/native/block_map.hpp"
#include "trace/request.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace drone::trace {

/// What the reader knows of a block.
struct block_state {
    request asked;
    std::uint32_t stretch = 0; ///< (certainty.hpp) in which it last changed; 0: none was seen
};

/// The blocks of a natively traced heap: where they are, what was asked for each, and when it last
/// changed. Private to the native reader. Memory: 8 bytes a granule of the heap and 8 a block, for
/// the parts of the heap that the trace mentions.
class traced_blocks {
public:
    traced_blocks() = default;
    explicit traced_blocks(const traced_heap& heap)
        : map_(heap), count_(map_.block_count() + heap.region.units), asked_(count_),
          stretches_(count_) {}

    /// Where `offset` lies. Requires offset < end().
    [[nodiscard]] block_map::place find(std::uint32_t offset) { return map_.find(offset); }
    [[nodiscard]] block_state at(block_number number) const {
        const std::size_t at = std::to_underlying(number);
        return {asked_[at], stretches_[at]};
    }
    /// Requires that find() named the block, or that it is the region's.
    void set(block_number number, block_state state) {
        const std::size_t at = std::to_underlying(number);
        asked_[at] = state.asked;
        stretches_[at] = state.stretch;
    }

    /// All are free, and none was seen to change.
    void clear();

    /// Calls `f` with the number and the state of every block of a pool that is not free, in their
    /// order.
    template <class F>
    void for_each_live(F f) const {
        map_.for_each_filled([&](block_number number) {
            if (const block_state state = at(number); state.asked.is_live() != 0) f(number, state);
        });
    }

    /// Blocks end here.
    [[nodiscard]] std::uint32_t end() const { return map_.end(); }

    /// Words that follow() takes, at most.
    static constexpr std::size_t followed_at_once = 256;

    /// Follows words while each fits its block: a free one is taken, a taken one is given back by
    /// its first byte. Writes block and request of each to `numbers` and `changes`, where there is
    /// room for as many, and returns how many they were. Requires that they are allocations and
    /// deallocations at offsets below end(), and that `stretch` is the current one. Stops before a
    /// word near which find() was never asked.
    ///
    /// This loop, with count_numbered(), is what the speed of `drone heap` rests on.
    std::size_t follow(
        std::span<const std::byte> words,
        std::uint32_t stretch,
        block_number* numbers,
        request* changes
    );

private:
    block_map map_;
    std::size_t count_ = 0;       ///< of blocks, those that may begin in the region included
    zeroed_array<request> asked_; ///< by block
    zeroed_array<std::uint32_t> stretches_;         ///< by block
    std::array<request, followed_at_once> after_{}; ///< room for what follow() finds
};

} // namespace drone::trace

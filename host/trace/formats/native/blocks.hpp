// SPDX-License-Identifier: MIT
#pragma once

// The blocks of a natively traced heap: where they are, what each was asked for, when it last
// changed. Private to the native reader. Memory: 8 bytes a granule of the heap and 8 a block.

#include "trace/brief_change.hpp"
#include "trace/formats/native/layout.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace drone::trace {

struct block_state {
    request asked;
    std::uint32_t stretch = 0; ///< (certainty.hpp) in which it last changed; 0: none was seen
};

class traced_blocks {
public:
    traced_blocks() = default;
    explicit traced_blocks(const traced_heap& heap) : map_(heap) { clear(); }

    /// Where `offset` lies.
    [[nodiscard]] block_map::place find(std::uint32_t offset) const { return map_.find(offset); }
    [[nodiscard]] block_state at(std::uint32_t block) const {
        return {asked_[block], stretches_[block]};
    }
    void set(std::uint32_t block, block_state state) {
        asked_[block] = state.asked;
        stretches_[block] = state.stretch;
    }

    /// All are free, and none was seen to change.
    void clear();

    /// Calls `f` with the number and the state of every block that is not free.
    template <class F>
    void for_each_live(F f) const {
        for (std::uint32_t block = 0; block < map_.block_count(); ++block)
            if (const block_state state = at(block); state.asked.is_live() != 0) f(block, state);
    }

    /// Blocks end here.
    [[nodiscard]] std::uint32_t end() const {
        return static_cast<std::uint32_t>(map_.places().size() * granule);
    }

    /// Follows words while each fits its block: a free one is taken, a taken one is given back by
    /// its first byte. Writes what they do to `changes`, where there is room for as many, sums them
    /// up in `digest`, and returns how many they were. Requires that they are allocations and
    /// deallocations at offsets below end(), and that `stretch` is the current one.
    ///
    /// This loop, with count_numbered(), is what the speed of `drone heap` rests on.
    std::size_t follow(
        std::span<const std::byte> words,
        std::uint32_t stretch,
        std::uint32_t& digest,
        brief_change* changes
    );

private:
    block_map map_;
    std::vector<request> asked_;           ///< by block
    std::vector<std::uint32_t> stretches_; ///< by block
};

} // namespace drone::trace

// SPDX-License-Identifier: MIT
#pragma once

// Which block of a placed heap an offset lies in.

#include "trace/formats/native/zeroed.hpp"
#include "trace/sink.hpp"

#include <drone/layout.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace drone::trace {

/// Maps offsets to blocks, O(1). A placed heap has no holes: every offset below the end of the last
/// pool lies in a block. Memory: 8 bytes for every granule near which something was looked up.
class block_map {
public:
    struct place {
        std::uint32_t first_byte = 0; ///< offset
        block_number number{};
    };

    /// A place as it lies in the table: 0 as long as it was not looked up.
    class entry {
    public:
        constexpr entry(std::uint32_t first_byte, block_number number)
            : first_byte_(first_byte + mark), number_(number) {}

        [[nodiscard]] bool is_filled() const { return first_byte_ != 0; }
        [[nodiscard]] std::uint32_t first_byte() const { return first_byte_ - mark; }
        [[nodiscard]] block_number number() const { return number_; }
        /// Bytes of the block before `offset`, an offset near; at least 2^31 of one not filled.
        [[nodiscard]] std::uint32_t within(std::uint32_t offset) const {
            return offset - first_byte_ + mark;
        }

    private:
        static constexpr std::uint32_t mark = 1U << 31U;

        std::uint32_t first_byte_;
        block_number number_;
    };

    block_map() = default;
    explicit block_map(const traced_heap& heap);

    /// Where `offset` lies. Requires offset < end(). Fills the entries of its neighbours, too.
    [[nodiscard]] place find(std::uint32_t offset);

    /// By granule, below end().
    [[nodiscard]] const entry* entries() { return entries_.data(); }
    /// Calls `f` with the number of every block whose entries are filled, and maybe others, in
    /// their order.
    template <class F>
    void for_each_filled(F f) const {
        for (std::uint32_t p = 0; p < filled_.size(); ++p) {
            if (!filled_[p]) continue;
            const std::uint32_t end = std::min((p + 1) * page, block_count_);
            for (std::uint32_t number = p * page; number < end; ++number)
                f(block_number{number});
        }
    }
    [[nodiscard]] std::uint32_t block_count() const { return block_count_; }
    /// Blocks end here: an offset.
    [[nodiscard]] std::uint32_t end() const { return end_; }

private:
    static constexpr std::uint32_t page = 1024; ///< blocks

    void fill_near(std::size_t granule_number);

    std::vector<traced_pool> pools_; ///< by offset
    zeroed_array<entry> entries_;    ///< by granule
    std::vector<bool> filled_;       ///< by page of blocks
    std::uint32_t block_count_ = 0;
    std::uint32_t end_ = 0;
};

} // namespace drone::trace

// SPDX-License-Identifier: MIT
#pragma once

// The layout that a native trace announces: which block an offset lies in.
//
// An announcement is a run of control words (wire.hpp). An interrupt can put other words between
// any two of them, a whole announcement even, so they are followed as a stack.

#include "trace/sink.hpp"

#include <drone/wire.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace drone::trace {

/// What an announcement says.
struct announced_trace {
    std::uint32_t version = 0;
    std::uint32_t flags = 0; ///< wire::flag_...
    traced_heap heap{};
};

/// Follows control words until an announcement is complete.
class announcement_parser {
public:
    /// The next control word of the trace. Returns the heap when the word completes an announcement
    /// whose checksum is right and whose pools make a heap.
    std::optional<announced_trace> feed(wire::word control);

private:
    struct partial {
        wire::announced_heap head;
        std::uint32_t sum = 0;
        std::vector<pool_spec> pools{};
        bool size_seen = false;
    };

    static std::optional<announced_trace> finish(const partial& open);

    std::vector<partial> open_; ///< innermost last
};

/// Maps offsets to blocks, O(1). A placed heap has no holes: every offset below the end of the last
/// pool lies in a block. Memory: 8 bytes a granule of the heap.
class block_map {
public:
    struct place {
        std::uint32_t first_byte = UINT32_MAX; ///< offset; UINT32_MAX: in no block
        std::uint32_t block = 0;               ///< number
    };

    block_map() = default;
    explicit block_map(const traced_heap& heap);

    /// Where `offset` lies.
    [[nodiscard]] place find(std::uint32_t offset) const {
        const std::uint32_t at = offset / granule;
        return at < places_.size() ? places_[at] : place{};
    }
    [[nodiscard]] std::span<const place> places() const { return places_; }
    [[nodiscard]] std::uint32_t block_count() const { return block_count_; }

private:
    std::vector<place> places_; ///< by granule
    std::uint32_t block_count_ = 0;
};

} // namespace drone::trace

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
    std::uint32_t seed = 0;  ///< from which digests start; 0 in version 1
    traced_heap heap{};
    std::size_t at = 0; ///< where find_announcement() found its last word, bytes

    [[nodiscard]] bool continues() const { return (flags & wire::flag_continues) != 0; }
    /// Whether numbers jump because the target drops events, and a jump says nothing else.
    [[nodiscard]] bool drops() const { return (flags & wire::flag_drops) != 0; }
    [[nodiscard]] bool digests() const {
        return version >= 2 || (flags & wire::flag_digests_1) != 0;
    }
};

/// Whether this reader knows what a trace of that version means.
[[nodiscard]] constexpr bool is_known_version(std::uint32_t version) {
    return version >= 1 && version <= wire::version;
}

/// Whether the word is part of an announcement.
[[nodiscard]] bool is_of_announcement(wire::word w);

/// Follows control words until an announcement is complete.
class announcement_parser {
public:
    /// The next control word of the trace. Returns the heap when the word completes an announcement
    /// whose checksum is right and whose pools make a heap.
    std::optional<announced_trace> feed(wire::word control);

    /// Whether words came that are part of no whole announcement.
    [[nodiscard]] bool saw_fragments() const { return fragments_ || !open_.empty(); }

private:
    struct partial {
        wire::announced_heap head;
        std::uint32_t sum = 0;
        std::vector<pool_spec> pools{};
        std::uint32_t identity = 0;
        std::optional<std::uint32_t> region{}; ///< offset
        bool size_seen = false;
    };

    static std::optional<announced_trace> finish(const partial& open, wire::word end);

    std::vector<partial> open_; ///< innermost last
    bool fragments_ = false;
};

} // namespace drone::trace

// SPDX-License-Identifier: MIT
#pragma once

// RAM rings (drone/ram_ring.hpp) in a raw image of a target's memory: a dump that a debugger made,
// a crash dump, the bytes of a ring that the firmware itself saved.
//
// A header is found by its magic at any byte, for a dump may have a header of its own in front.

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace drone::trace {

/// A ring whose header is whole.
struct dumped_ring {
    std::size_t at = 0;        ///< of its header, bytes from the beginning of the dump
    std::uint32_t address = 0; ///< of its header, on the target
    unsigned port = 0;
    std::uint32_t written = 0;         ///< words since it was begun; wraps, see ring_header
    std::span<const std::byte> places; ///< its words as they lie in the dump

    /// Bytes of the words that it keeps, the oldest first.
    [[nodiscard]] std::vector<std::byte> unrotated() const;
    [[nodiscard]] std::size_t kept_words() const;
};

/// What a search of a dump found.
struct ring_search {
    std::vector<dumped_ring> rings; ///< as they lie in the dump
    /// What is wrong with the first magic that no whole ring follows, without the dump's name;
    /// empty: nothing.
    std::string problem;
};

/// Rings in the first 64 MiB. O(size).
[[nodiscard]] ring_search find_rings(std::span<const std::byte> dump);

/// What a trace is read from: the words of one ring, and a sentence that says which.
struct ring_trace {
    std::vector<std::byte> words;
    std::string notice;
};

/// The words of the first ring with an announcement in it; none if there is no trace of a ring in
/// the dump. Fails when there is one, but none that can be read; the message lacks the dump's name.
[[nodiscard]] result<std::optional<ring_trace>> read_ring(std::span<const std::byte> dump);

} // namespace drone::trace

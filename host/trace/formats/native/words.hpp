// SPDX-License-Identifier: MIT
#pragma once

// A native trace as words at byte offsets, and what the numbers of the events around a word show of
// it. Private to the native reader.

#include "base/bytes.hpp"

#include <drone/wire.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace drone::trace {

inline constexpr std::size_t word_bytes = sizeof(wire::word);

/// The word at that byte, which need not be aligned.
[[nodiscard]] inline wire::word load_word(const std::byte* at) {
    return {base::load_le<std::uint32_t>(at)};
}

/// The numbers of the next few events.
class next_numbers {
public:
    static constexpr std::size_t count = 4;

    /// Of the events in the words from byte offset `at` on.
    next_numbers(std::span<const std::byte> bytes, std::size_t at) {
        constexpr std::size_t words_looked_at = 64;
        for (std::size_t i = 0; i < words_looked_at && seen_ < count; ++i, at += word_bytes) {
            if (at + word_bytes > bytes.size()) return;
            const wire::word w = load_word(bytes.data() + at);
            if (w.is_event()) numbers_[seen_++] = w.sequence();
        }
    }

    /// How many of them are what they are if the first is `first`.
    [[nodiscard]] unsigned agree(std::uint64_t first) const {
        unsigned agreeing = 0;
        for (std::size_t i = 0; i < seen_; ++i)
            if (numbers_[i] == (first + i) % wire::sequence_period) ++agreeing;
        return agreeing;
    }

    [[nodiscard]] std::size_t seen() const { return seen_; }

private:
    std::array<std::uint32_t, count> numbers_{};
    std::size_t seen_ = 0;
};

/// Whether words begin at `at`: of the next few events there, most have the number that follows on
/// the one before.
[[nodiscard]] inline bool numbers_follow(std::span<const std::byte> bytes, std::size_t at) {
    constexpr std::size_t words_looked_at = 12;
    constexpr unsigned convincing = 4;
    unsigned events = 0;
    unsigned successions = 0;
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < words_looked_at && at + word_bytes <= bytes.size();
         ++i, at += word_bytes) {
        const wire::word w = load_word(bytes.data() + at);
        if (!w.is_event()) continue;
        if (events++ != 0 && w.sequence() == next) ++successions;
        next = (w.sequence() + 1) % wire::sequence_period;
    }
    return successions >= convincing && 2 * successions > events;
}

/// Words of which each is an event or a caller.
struct plain_words {
    std::size_t count = 0;
    std::size_t callers = 0; ///< of them
};

/// How many of the words, from the first on, are so.
[[nodiscard]] plain_words count_plain(std::span<const std::byte> words);

/// wire::digest() of one word after the other, from `sum` on. Several times as fast.
[[nodiscard]] std::uint32_t digest(std::uint32_t sum, std::span<const std::byte> words);

/// Pairs of a caller and the word after it, taken apart.
class called_events {
public:
    static constexpr std::size_t most = 256;

    /// The words from the first on that are such pairs, up to `most`.
    void read(std::span<const std::byte> words);

    /// The second words.
    [[nodiscard]] std::span<const std::byte> events() const {
        return std::as_bytes(std::span(events_).first(count_));
    }
    [[nodiscard]] std::span<const std::uint32_t> callers() const {
        return std::span(callers_).first(count_);
    }

private:
    std::array<std::uint32_t, most> events_{}; ///< little-endian
    std::array<std::uint32_t, most> callers_{};
    std::size_t count_ = 0;
};

/// How many of the words, from the first on, take or give back bytes at offsets below `end` (at
/// most 2^24) and have the numbers `first`, `first` + 1, ... modulo 32.
[[nodiscard]] std::size_t
count_numbered(std::span<const std::byte> words, std::uint32_t first, std::uint32_t end);

} // namespace drone::trace

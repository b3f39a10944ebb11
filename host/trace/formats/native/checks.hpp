// SPDX-License-Identifier: MIT
#pragma once

#include "trace/formats/native/layout.hpp"
#include "trace/formats/native/words.hpp"

#include <drone/wire.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace drone::trace {

/// Words from byte offset `begin` to `end`.
struct word_range {
    std::size_t begin = 0;
    std::size_t end = 0;

    [[nodiscard]] bool empty() const { return begin == end; }
    friend bool operator==(word_range, word_range) = default;
};

/// The words from one check to the next.
struct stretch {
    enum class ending : std::uint8_t {
        check,   ///< its digest; in a trace without digests its checkpoint
        restart, ///< a `begin` without wire::flag_continues follows: the target began anew
        file,    ///< the trace is over
    };

    word_range words{};
    word_range twice{}; ///< within words, not to be read: they are repeated
    ending ends = ending::file;
    bool proven = false;
    bool begins_within = false;   ///< not after a check: words lay at other places before it
    bool starts_anew = false;     ///< begins with a `begin` without wire::flag_continues
    bool has_fragments = false;   ///< words of an announcement that is not whole
    bool under_announced = false; ///< proven with `announced`, which is not the layout known before
    std::optional<announced_trace> announced{}; ///< the last whole announcement in it
    std::optional<std::uint32_t> count{};       ///< what its checkpoint says
    std::uint32_t events = 0;                   ///< in it, before that checkpoint
};

/// Cuts a native trace into stretches, each the words from one check to the next, and proves them
/// before they are read. If the digest at the end of a stretch agrees, every word of it is there as
/// the target sent it, whatever the capture reports to have lost in between, and the digest started
/// from the layout that the reader knows.
///
/// A stretch whose digest does not agree may have words twice, because a probe sent a buffer again.
/// If equal words follow each other, and the digest agrees without the second ones, the stretch is
/// proven without them.
class stretch_finder {
public:
    /// Refers to bytes.
    explicit stretch_finder(std::span<const std::byte> bytes) : bytes_(bytes) {}

    /// The stretch from byte offset `at` on, not empty unless the trace is over, of a trace that
    /// announced itself so. `numbered`: events that were counted before it, where that is known.
    [[nodiscard]] stretch
    next(std::size_t at, const announced_trace& known, std::optional<std::uint64_t> numbered);

    /// Words from `at` on are not at the places where the stretch before had them, so nothing can
    /// be proven before the next check. The same in all other respects.
    [[nodiscard]] stretch next_unproven(std::size_t at, const announced_trace& known);

    /// Whether all words of a stretch came before, to the same digest: a probe sent them again.
    [[nodiscard]] bool came_before(const stretch& s) const;

private:
    /// Its words; `proven` as far as `with` says.
    [[nodiscard]] stretch
    scan(std::size_t at, const announced_trace& with, word_range left_out = {}) const;

    /// Leaves out of it what is repeated, if that proves it.
    void prove_without_repetition(
        stretch& found, const announced_trace& with, std::optional<std::uint64_t> numbered
    ) const;
    [[nodiscard]] std::optional<word_range> find_repetition(const stretch& found) const;
    /// How many events it holds that its checkpoint does not count.
    [[nodiscard]] std::optional<std::uint32_t>
    events_too_many(const stretch& found, std::uint64_t numbered) const;
    /// Asks about places where words that follow each other are equal, until one `proves` it.
    void try_repetitions(
        const stretch& found, std::uint32_t events, const std::function<bool(word_range)>& proves
    ) const;

    /// Where the digest at the end of a stretch stood before; else nothing.
    [[nodiscard]] std::optional<std::size_t> find_digest_before(const stretch& found) const;

    /// The places of the last digests.
    struct digest_place {
        wire::word digest;
        std::size_t at = 0;
    };

    std::span<const std::byte> bytes_;
    std::array<digest_place, 64> last_digests_{};
    std::size_t digests_ = 0;
    /// Where, by the remainder of an offset by the size of a word, stretches that cannot be proven
    /// were found to end; so that looking for it time and again takes no time.
    std::array<word_range, word_bytes> ends_{};
};

} // namespace drone::trace

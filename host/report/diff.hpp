// SPDX-License-Identifier: MIT
#pragma once

// Two runs beside each other: what grew, shrank, came or went, by size, pool and caller; and the
// gate that a build passes or does not.

#include "report/heap_report.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drone::report {

/// A figure before and after.
struct compared {
    std::uint64_t before = 0;
    std::uint64_t after = 0;

    [[nodiscard]] std::int64_t change() const {
        return static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before);
    }
    friend bool operator==(const compared&, const compared&) = default;
};

/// What became of blocks of one kind.
enum class fate : std::uint8_t { same, grew, shrank, came, went };

[[nodiscard]] std::string_view name(fate f);

/// Blocks of one size.
struct size_change {
    std::uint32_t size = 0; ///< bytes asked for
    compared most;          ///< blocks live at one time, at most
    compared total;         ///< blocks taken
    fate became = fate::same;

    /// Bytes that its largest number of blocks takes more.
    [[nodiscard]] std::int64_t bytes() const { return most.change() * std::int64_t{size}; }
};

/// A pool of the traced heaps, by its block.
struct pool_change {
    std::uint32_t block = 0; ///< bytes
    compared capacity;       ///< 0: that heap has no such pool
    compared most;           ///< blocks in use at one time, at most
    fate became = fate::same;
};

/// What callers with the same functions hold: all calls in them together. Their own peaks are
/// added up, so of several calls it is an upper bound.
struct caller_change {
    std::vector<std::string> frames; ///< innermost first, as the later run has them
    compared most;                   ///< bytes live at one time, at most
    compared at_peak;                ///< bytes live when the whole heap was at its peak
    compared at_end;                 ///< bytes live at the end
    compared total;                  ///< blocks taken
    bool leaks = false;              ///< what it holds keeps growing, as it did not before
    fate became = fate::same;

    /// Of `most` and `at_end` the larger change, bytes.
    [[nodiscard]] std::int64_t bytes() const;
};

/// All that differs. Lists have the largest change first, and what did not change last.
struct heap_diff {
    std::string before; ///< the files
    std::string after;
    compared events;
    compared peak;     ///< most bytes live at one time
    compared maximum;  ///< the sum over sizes of size times its own maximum, bytes
    compared at_end;   ///< bytes live at the end
    compared failures; ///< requests
    compared gaps;     ///< places where events are missing
    std::optional<compared> region_bytes; ///< in use at one time, at most; none: not known of both
    std::optional<compared> heap_size;    ///< bytes; none: not known of both
    std::vector<size_change> sizes;
    std::vector<pool_change> pools;
    std::vector<caller_change> callers;
    /// Which runs have callers at all.
    bool callers_before = true;
    bool callers_after = true;
    /// False: addresses of two builds, which say nothing together, or only one of the runs has callers.
    bool callers_compare = true;
};

/// Compares two reports of one run each, with details.
[[nodiscard]] heap_diff compare(const heap_report& before, const heap_report& after);

/// How much a heap may grow: bytes, or percent of the peak before.
struct growth_limit {
    std::string text; ///< as it was given
    std::optional<double> percent;
    std::uint64_t bytes = 0; ///< without a percentage
};

/// The first figure that grew by more, as a sentence without a full stop; empty: none did. The
/// figures are the peak of live bytes and the bytes live at the end. More failed requests than before
/// are above any limit.
[[nodiscard]] std::string exceeded_by(const heap_diff& d, const growth_limit& limit);

/// Tables for a terminal of so many columns.
[[nodiscard]] std::string to_text(const heap_diff& d, std::size_t width);
/// A summary for a pull request. `verdict`: what exceeded_by() says; none: no limit.
[[nodiscard]] std::string
to_markdown(const heap_diff& d, const std::optional<std::string>& verdict);
/// One object, indented, with a newline at its end.
[[nodiscard]] std::string to_json(const heap_diff& d, const std::optional<std::string>& verdict);

} // namespace drone::report

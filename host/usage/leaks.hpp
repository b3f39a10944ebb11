// SPDX-License-Identifier: MIT
#pragma once

// Leaks: blocks of one kind whose live count keeps growing.
//
// A block that is live when a capture ends is not a leak: most programs hold some memory for good.
// A leak is a live count that grows until the end. The history of a count is kept as samples, spread
// over the run, at random distances so that a program with a period of its own is not sampled in
// step with it. The first quarter of a run is its start and is left out. The rest is divided into
// parts; the lowest sample of a part is what the program never went below. A count that never falls
// from part to part, and rises in most of them to the end, keeps growing.
//
// A cache that fills during the whole capture looks the same. Only a longer capture shows the difference.

#include "trace/sink.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace drone::usage {

/// How a live count grew.
struct trend {
    std::uint64_t first = 0; ///< never fewer after the start of the run
    std::uint64_t last = 0;  ///< never fewer at its end
    double share = 0;        ///< of the run, between the two
    unsigned rises = 0;      ///< from one part to the next
    unsigned steps = 0;      ///< from part to part: `rises` at most

    /// It rose in nearly every part, at the end as much as before.
    bool steady = false;

    /// Blocks more in a whole run.
    [[nodiscard]] double per_run() const { return static_cast<double>(last - first) / share; }
};

/// Whether samples that are spread evenly over a run keep growing. Too few samples do not.
[[nodiscard]] std::optional<trend> find_trend(std::span<const std::uint32_t> samples);

/// Live counts of many kinds of blocks at up to `limit` moments of a run, whatever its length.
/// Memory: 4 bytes times `limit` for each kind.
class live_history {
public:
    static constexpr std::size_t limit = 128;

    /// The number of changes after which the next sample is to be taken.
    [[nodiscard]] std::uint64_t due() const { return due_; }

    /// Takes it: `each(note)` calls note(kind, live count) for every kind that has occurred.
    template <class Each>
    void sample(Each each) {
        each([this](std::uint64_t kind, std::uint64_t count) { note(kind, count); });
        finish_sample();
    }

    /// The kinds that keep growing, ascending.
    [[nodiscard]] std::vector<std::pair<std::uint64_t, trend>> growing() const;

private:
    void note(std::uint64_t kind, std::uint64_t count);
    void finish_sample();

    std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> samples_; ///< by kind
    std::size_t taken_ = 0;      ///< samples of every kind, missing ones are 0
    std::uint64_t distance_ = 1; ///< changes between samples, on average
    std::uint64_t due_ = 1;
    std::uint32_t random_ = 1;
};

/// A kind of block that keeps growing.
struct growth {
    std::optional<std::uint32_t> size; ///< bytes; none: blocks of many sizes
    std::uint32_t caller = 0;          ///< see trace::change; 0: not known, or all of them
    trend grew;
};

/// The second look at a run in which something grows: by size and caller, and by caller alone where
/// the sizes differ.
class growth_by_caller final : public trace::sink {
public:
    void on_changes(std::span<const trace::change> changes) override;
    /// A block that is resized stays its caller's.
    void on_resize(const trace::change& before, const trace::change& after, trace::resizing how)
        override;

    /// The worst first.
    [[nodiscard]] std::vector<growth> found() const;

private:
    void count(const trace::change& c);
    void sample();

    std::unordered_map<std::uint64_t, std::uint64_t> live_; ///< by kind
    trace::by_block<std::uint32_t> callers_;
    std::uint64_t changes_ = 0;
    live_history history_;
};

} // namespace drone::usage

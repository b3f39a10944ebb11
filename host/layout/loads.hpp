// SPDX-License-Identifier: MIT
#pragma once

#include "layout/classes.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace drone::layout {

/// A moment of a run: after its first `steps` steps.
struct moment {
    std::size_t run = 0;
    std::size_t steps = 0;

    friend bool operator==(const moment&, const moment&) = default;
};

/// The largest number of live blocks of a set, and the first moment at which it was found.
struct peak {
    std::int64_t load = 0;
    moment when;
};

/// Live blocks at one moment as prefix sums: [c] is the number of live blocks of classes below c.
using prefix_counts = std::vector<std::int32_t>;

/// How many blocks of a set of classes are live at most: M(set), exactly, over 10^9 steps.
///
/// One pass cuts every run into stretches and stores, for each, how many blocks of every class are
/// live at its start and at most within it, both as prefix sums over the classes. After that
/// - M of up to 16 sets costs one pass over the steps: 16 counters of 16 bits in a vector, one row
/// of
///   a table added a step. A stretch is shorter than 2^15 steps, so a counter that starts at zero
///   with the stretch cannot overflow, whatever the live counts are;
/// - a stretch in which no set can exceed what is already known for it is skipped;
/// - the whole vector of counts at any moment costs one stretch.
///
/// Pure; a const object may be used by several threads.
class load_index {
public:
    /// One pass over the steps. Keeps a reference to the workload.
    explicit load_index(const workload& work);

    [[nodiscard]] const workload& work() const { return *work_; }

    /// Raises every peak to the exact one of its set. On entry each holds a load that some moment
    /// reaches (0 and no steps is such a one). Requires as many peaks as sets. One pass over the
    /// steps for each 16 sets, at most.
    void raise_peaks(std::span<const class_set> sets, std::span<peak> peaks) const;

    /// The counts at that moment. O(classes + stretch).
    [[nodiscard]] prefix_counts counts_at(const moment& when) const;

    /// The starts of stretches at which most bytes, or most blocks of a slice of the classes, are
    /// live: cheap first guesses of what matters.
    [[nodiscard]] std::vector<moment> busy_moments() const;

private:
    struct run_index {
        std::size_t stretch = 0;            ///< steps a stretch
        std::size_t stretches = 0;          ///< of which the last may be shorter
        std::vector<std::int32_t> at_start; ///< prefix counts, class_count + 1 a stretch
        std::vector<std::int32_t> at_most;  ///< prefix sums of each class's maximum within
    };

    [[nodiscard]] run_index index_run(const workload::run& run) const;
    void raise_batch(std::span<const class_set> sets, std::span<peak> peaks) const;
    void locate(std::size_t run, std::size_t stretch, const class_set& set, peak& found) const;

    const workload* work_;
    std::size_t row_length_; ///< class_count + 1
    std::vector<run_index> runs_;
};

} // namespace drone::layout

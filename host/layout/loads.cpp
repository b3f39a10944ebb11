// SPDX-License-Identifier: MIT
#include "layout/loads.hpp"

#include "base/vector_clones.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace drone::layout {

namespace {

constexpr std::size_t lane_count = 16;
using lanes = std::int16_t __attribute__((vector_size(lane_count * sizeof(std::int16_t))));

/// A stretch has at least 8 Ki steps, and enough that its index is no longer than half of its
/// steps, as far as 16-bit counters allow.
constexpr std::size_t shortest_stretch = 8192;
constexpr std::size_t longest_stretch = 32512;

std::size_t stretch_for(std::size_t class_count) {
    return std::clamp(8 * class_count, shortest_stretch, longest_stretch);
}

/// Adds the rows of these steps up, keeping the largest value of each lane.
DRONE_VECTOR_CLONES void
scan(const usage::step* steps, std::size_t count, const lanes* table, lanes& largest) {
    lanes now = {};
    lanes top = {};
    for (std::size_t at = 0; at < count; ++at) {
        now += table[steps[at].row()];
        top = now > top ? now : top;
    }
    largest = top;
}

/// Blocks of a request class: live now, and at most.
struct counter {
    std::int32_t now = 0;
    std::int32_t most = 0;
};

/// Counts the steps. No branch depends on the data: takes and returns cannot be predicted.
void count_up(const usage::step* steps, std::size_t count, counter* counters) {
    for (std::size_t at = 0; at < count; ++at) {
        const std::uint32_t row = steps[at].row();
        counter& touched = counters[row >> 1U];
        const std::int32_t now = touched.now + 1 - static_cast<std::int32_t>(2 * (row & 1U));
        const std::int32_t beyond = now - touched.most;
        touched.now = now;
        touched.most += beyond & ~(beyond >> 31);
    }
}

std::int64_t sum_over(const class_set& set, const std::int32_t* prefix) {
    std::int64_t sum = 0;
    for (const class_range& range : set)
        sum += std::int64_t{prefix[range.last]} - prefix[range.first];
    return sum;
}

/// A row for every row of the run's steps: +1 or -1 in the lanes of the sets that hold the class.
std::vector<lanes> make_table(const workload::run& run, std::span<const class_set> sets) {
    std::vector<lanes> table(2 * run.class_of.size(), lanes{});
    for (const usage::class_number n : run.class_of.numbers()) {
        for (std::size_t lane = 0; lane < sets.size(); ++lane) {
            const bool member = std::ranges::any_of(sets[lane], [&](const class_range& range) {
                return run.class_of[n] >= range.first && run.class_of[n] < range.last;
            });
            table[usage::step::take(n).row()][lane] = member ? 1 : 0;
            table[usage::step::give_back(n).row()][lane] = member ? -1 : 0;
        }
    }
    return table;
}

} // namespace

load_index::load_index(const workload& work)
    : work_(&work), row_length_(work.classes().size() + 1) {
    for (const workload::run& run : work.runs())
        runs_.push_back(index_run(run));
}

load_index::run_index load_index::index_run(const workload::run& run) const {
    const std::vector<usage::step>& steps = run.demand->steps;
    run_index made;
    made.stretch = stretch_for(row_length_);
    made.stretches = (steps.size() + made.stretch - 1) / made.stretch;
    made.at_start.resize(made.stretches * row_length_);
    made.at_most.resize(made.stretches * row_length_);
    usage::by_class<counter> counters(run.class_of.size());
    std::vector<counter> classes(row_length_); // the same by the workload's class
    for (std::size_t number = 0; number < made.stretches; ++number) {
        const std::size_t first = number * made.stretch;
        const std::size_t count = std::min(made.stretch, steps.size() - first);
        std::int32_t* const at_start = &made.at_start[number * row_length_];
        std::int32_t* const at_most = &made.at_most[number * row_length_];
        std::ranges::fill(classes, counter{});
        for (const usage::class_number n : counters.numbers()) {
            counters[n].most = counters[n].now;
            classes[run.class_of[n]].now += counters[n].now;
        }
        count_up(&steps[first], count, counters.data());
        // Two requests in one class may peak at different moments: their sum is still a bound.
        for (const usage::class_number n : counters.numbers())
            classes[run.class_of[n]].most += counters[n].most;
        for (std::size_t c = 0; c + 1 < row_length_; ++c) {
            at_start[c + 1] = at_start[c] + classes[c].now;
            at_most[c + 1] = at_most[c] + classes[c].most;
        }
    }
    return made;
}

void load_index::raise_peaks(std::span<const class_set> sets, std::span<peak> peaks) const {
    for (std::size_t from = 0; from < sets.size(); from += lane_count) {
        const std::size_t count = std::min(lane_count, sets.size() - from);
        raise_batch(sets.subspan(from, count), peaks.subspan(from, count));
    }
}

void load_index::raise_batch(std::span<const class_set> sets, std::span<peak> peaks) const {
    struct place {
        std::size_t run = 0;
        std::size_t stretch = 0;
        bool found = false;
    };
    std::array<place, lane_count> places;
    for (std::size_t number = 0; number < runs_.size(); ++number) {
        const run_index& index = runs_[number];
        const std::vector<usage::step>& steps = work_->runs()[number].demand->steps;
        const std::vector<lanes> table = make_table(work_->runs()[number], sets);
        for (std::size_t stretch = 0; stretch < index.stretches; ++stretch) {
            const std::int32_t* const at_most = &index.at_most[stretch * row_length_];
            bool may_rise = false;
            for (std::size_t lane = 0; lane < sets.size() && !may_rise; ++lane)
                may_rise = sum_over(sets[lane], at_most) > peaks[lane].load;
            if (!may_rise) continue;

            const std::size_t first = stretch * index.stretch;
            const std::size_t count = std::min(index.stretch, steps.size() - first);
            lanes largest = {};
            scan(&steps[first], count, table.data(), largest);
            const std::int32_t* const at_start = &index.at_start[stretch * row_length_];
            for (std::size_t lane = 0; lane < sets.size(); ++lane) {
                const std::int64_t load = sum_over(sets[lane], at_start) + largest[lane];
                if (load <= peaks[lane].load) continue;
                peaks[lane].load = load;
                places[lane] = {.run = number, .stretch = stretch, .found = true};
            }
        }
    }
    for (std::size_t lane = 0; lane < sets.size(); ++lane)
        if (places[lane].found)
            locate(places[lane].run, places[lane].stretch, sets[lane], peaks[lane]);
}

void load_index::locate(std::size_t run, std::size_t stretch, const class_set& set, peak& found)
    const {
    const run_index& index = runs_[run];
    const workload::run& source = work_->runs()[run];
    const std::vector<lanes> table = make_table(source, std::span(&set, 1));
    std::int64_t load = sum_over(set, &index.at_start[stretch * row_length_]);
    std::size_t at = stretch * index.stretch;
    while (load < found.load)
        load += table[source.demand->steps[at++].row()][0];
    found.when = {.run = run, .steps = at};
}

prefix_counts load_index::counts_at(const moment& when) const {
    prefix_counts prefix(row_length_ + 1); // one more for classes that are never taken
    if (when.steps == 0) {
        prefix.pop_back();
        return prefix;
    }
    const run_index& index = runs_[when.run];
    const workload::run& source = work_->runs()[when.run];
    const std::size_t stretch = (when.steps - 1) / index.stretch;
    const std::int32_t* const at_start = &index.at_start[stretch * row_length_];
    for (std::size_t c = 0; c + 1 < row_length_; ++c)
        prefix[c + 1] = at_start[c + 1] - at_start[c];
    for (std::size_t at = stretch * index.stretch; at < when.steps; ++at) {
        const usage::step step = source.demand->steps[at];
        prefix[source.class_of[step.number()] + 1] += step.gives_back() ? -1 : 1;
    }
    prefix.pop_back();
    for (std::size_t c = 0; c + 1 < row_length_; ++c)
        prefix[c + 1] += prefix[c];
    return prefix;
}

std::vector<moment> load_index::busy_moments() const {
    // What is most: bytes of all, blocks of each slice of the classes.
    constexpr std::size_t slices = 16;
    struct candidate {
        std::int64_t most = 0;
        moment when;
    };
    std::array<candidate, slices + 1> found;
    const auto offer = [](candidate& best, std::int64_t amount, const moment& when) {
        if (amount > best.most) best = {.most = amount, .when = when};
    };
    const std::size_t classes = row_length_ - 1;
    for (std::size_t run = 0; run < runs_.size(); ++run) {
        const run_index& index = runs_[run];
        for (std::size_t stretch = 0; stretch < index.stretches; ++stretch) {
            const std::int32_t* const at_start = &index.at_start[stretch * row_length_];
            const moment when{.run = run, .steps = stretch * index.stretch};
            std::int64_t bytes = 0;
            for (std::size_t c = 0; c < classes; ++c)
                bytes += (std::int64_t{at_start[c + 1]} - at_start[c]) * work_->classes()[c].block;
            offer(found[slices], bytes, when);
            for (std::size_t slice = 0; slice < slices; ++slice)
                offer(
                    found[slice],
                    at_start[(slice + 1) * classes / slices] - at_start[slice * classes / slices],
                    when
                );
        }
    }
    std::vector<moment> moments;
    for (const candidate& best : found)
        if (best.most > 0 && std::ranges::find(moments, best.when) == moments.end())
            moments.push_back(best.when);
    return moments;
}

} // namespace drone::layout

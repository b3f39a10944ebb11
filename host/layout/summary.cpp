// SPDX-License-Identifier: MIT
#include "layout/summary.hpp"

#include "base/sorted.hpp"
#include "layout/loads.hpp"
#include "layout/servable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace drone::layout {

namespace {

/// More are hours of work, and no summary of a few kilobytes.
constexpr std::size_t most_sets = 4'000'000;
constexpr std::size_t sets_a_pass = 16;

/// Goes through the sets: the block of the pool, and below it how far smaller pools serve each
/// level.
class set_maker {
public:
    set_maker(const workload& work, std::size_t limit) : limit_(limit) {
        blocks_.push_back(0);
        for (const block_class& c : work.classes())
            blocks_.push_back(c.block);
        base::sort_once(blocks_);
        for (const workload::level& level : work.levels()) {
            std::vector<std::uint32_t>& reach = reach_.emplace_back();
            for (const std::uint32_t block : blocks_) {
                const auto begin = work.classes().begin();
                const auto beyond = std::partition_point(
                    begin + level.classes.first,
                    begin + level.classes.last,
                    [block](const block_class& c) { return c.block <= block; }
                );
                reach.push_back(static_cast<std::uint32_t>(beyond - begin));
            }
        }
    }

    std::optional<std::vector<class_set>> make() {
        for (std::size_t top = 1; top < blocks_.size(); ++top)
            for (std::size_t levels = 1; levels <= reach_.size(); ++levels) {
                // Of a pool that serves this level and takes nothing in it, there is one that does
                // not serve it and takes the same.
                class_set set;
                if (!descend(0, levels, top, top, set)) return std::nullopt;
            }
        // Pools of several blocks may serve the same classes.
        base::sort_once(made_, by_ranges);
        return std::move(made_);
    }

private:
    static bool by_ranges(const class_set& a, const class_set& b) {
        return std::ranges::lexicographical_compare(a, b, {}, as_pair, as_pair);
    }
    static std::pair<std::uint32_t, std::uint32_t> as_pair(const class_range& range) {
        return {range.first, range.last};
    }

    /// Chooses how far `level` is served already, at most as far as `limit`, then the levels above.
    bool descend(
        std::size_t level, std::size_t levels, std::size_t top, std::size_t limit, class_set& set
    ) {
        const std::vector<std::uint32_t>& reach = reach_[level];
        for (std::size_t from = limit;;) {
            // Several blocks may leave the same classes: the largest leaves the most choice above.
            const class_range range{reach[from], reach[top]};
            const bool is_last = level + 1 == levels;
            if (!range.empty()) set.push_back(range);
            if (!is_last && !descend(level + 1, levels, top, from, set)) return false;
            if (is_last && !range.empty()) {
                if (made_.size() == limit_) return false;
                made_.push_back(set);
            }
            if (!range.empty()) set.pop_back();
            const std::uint32_t same = reach[from];
            while (from > 0 && reach[from] == same)
                --from;
            if (reach[from] == same) return true;
        }
    }

    std::size_t limit_;
    std::vector<std::uint32_t> blocks_;             ///< of the classes, ascending, after a 0
    std::vector<std::vector<std::uint32_t>> reach_; ///< by level, block: the first class above
    std::vector<class_set> made_;
};

std::int64_t sum_over(const class_set& set, const prefix_counts& counts) {
    std::int64_t sum = 0;
    for (const class_range& range : set)
        sum += counts[range.last] - counts[range.first];
    return sum;
}

std::size_t class_count(const class_set& set) {
    std::size_t count = 0;
    for (const class_range& range : set)
        count += range.last - range.first;
    return count;
}

/// The peaks of all sets, exactly, and moments that reach each of them.
class peak_search {
public:
    peak_search(const load_index& index, std::vector<class_set> sets)
        : index_(index), sets_(std::move(sets)), peaks_(sets_.size()) {
        // A moment at which many classes are full is often one for their parts, too.
        std::ranges::stable_sort(sets_, std::greater(), class_count);
        for (const moment& when : index.busy_moments())
            add(when);
        for (std::size_t from = 0; from < sets_.size(); from += sets_a_pass)
            measure(from, std::min(sets_a_pass, sets_.size() - from));
    }

    /// Of the moments as few as a greedy choice finds, each with the classes of the sets that it is
    /// there for.
    [[nodiscard]] std::vector<std::vector<std::int32_t>> chosen() const {
        std::vector<std::vector<std::uint64_t>> reached = reached_sets();
        std::vector<std::uint64_t> open((sets_.size() + 63) / 64);
        for (std::size_t set = 0; set < sets_.size(); ++set)
            open[set / 64] |= std::uint64_t{1} << set % 64;
        std::vector<std::vector<std::int32_t>> made;
        while (true) {
            std::size_t best = 0;
            std::size_t most = 0;
            for (std::size_t at = 0; at < reached.size(); ++at) {
                std::size_t count = 0;
                for (std::size_t word = 0; word < open.size(); ++word)
                    count +=
                        static_cast<std::size_t>(std::popcount(open[word] & reached[at][word]));
                if (count > most) {
                    most = count;
                    best = at;
                }
            }
            if (most == 0) return made;
            made.push_back(part_of(best, open, reached[best]));
        }
    }

private:
    void add(const moment& when) {
        prefix_counts counts = index_.counts_at(when);
        for (std::size_t set = 0; set < sets_.size(); ++set)
            peaks_[set] = std::max(peaks_[set], sum_over(sets_[set], counts));
        moments_.push_back(std::move(counts));
    }

    void measure(std::size_t from, std::size_t count) {
        std::vector<peak> found;
        for (std::size_t set = from; set < from + count; ++set)
            found.push_back({.load = peaks_[set], .when = {}});
        index_.raise_peaks(std::span(sets_).subspan(from, count), found);
        for (std::size_t at = 0; at < count; ++at)
            if (found[at].load > peaks_[from + at]) add(found[at].when);
    }

    /// By moment, a bit for every set whose peak it reaches.
    [[nodiscard]] std::vector<std::vector<std::uint64_t>> reached_sets() const {
        std::vector<std::vector<std::uint64_t>> reached;
        for (const prefix_counts& counts : moments_) {
            auto& bits = reached.emplace_back((sets_.size() + 63) / 64);
            for (std::size_t set = 0; set < sets_.size(); ++set)
                if (sum_over(sets_[set], counts) == peaks_[set])
                    bits[set / 64] |= std::uint64_t{1} << set % 64;
        }
        return reached;
    }

    /// The counts of a moment in the classes of those open sets whose peak it reaches; they are open
    /// no more.
    [[nodiscard]] std::vector<std::int32_t> part_of(
        std::size_t number, std::vector<std::uint64_t>& open, const std::vector<std::uint64_t>& own
    ) const {
        const prefix_counts& counts = moments_[number];
        std::vector<std::int32_t> part(counts.size() - 1);
        for (std::size_t set = 0; set < sets_.size(); ++set) {
            if ((open[set / 64] & own[set / 64] & std::uint64_t{1} << set % 64) == 0) continue;
            for (const class_range& range : sets_[set])
                for (std::uint32_t c = range.first; c < range.last; ++c)
                    part[c] = counts[c + 1] - counts[c];
        }
        for (std::size_t word = 0; word < open.size(); ++word)
            open[word] &= ~own[word];
        return part;
    }

    const load_index& index_;
    std::vector<class_set> sets_;
    std::vector<std::int64_t> peaks_; ///< by set
    std::vector<prefix_counts> moments_;
};

/// The runs without the failed requests that no heap of that size can serve.
std::vector<usage::demand> servable_parts(
    std::span<const usage::demand> runs,
    std::optional<std::uint64_t> size,
    std::vector<const usage::demand*>& seen
) {
    std::vector<usage::demand> changed;
    changed.reserve(runs.size());
    for (const usage::demand& run : runs) {
        const usage::demand* served = &run;
        if (auto without = without_hopeless(run, size))
            served = &changed.emplace_back(*std::move(without));
        seen.push_back(served);
    }
    return changed;
}

} // namespace

std::optional<std::vector<class_set>> pool_sets(const workload& work, std::size_t limit) {
    return set_maker(work, limit).make();
}

result<demand_summary>
summarise(std::span<const usage::demand> runs, std::optional<std::uint64_t> size) {
    demand_summary made;
    std::vector<const usage::demand*> seen;
    const std::vector<usage::demand> changed = servable_parts(runs, size, seen);
    for (std::size_t number = 0; number < runs.size(); ++number) {
        const usage::demand& run = runs[number];
        made.runs += run.summarised ? run.summarised->runs : 1;
        made.events += event_count(run);
        made.steps += step_count(run);
        made.failed += run.failures.size();
        made.left_out += run.failures.size() - seen[number]->failures.size();
        made.missing.gaps += run.missing.gaps;
        made.missing.lost_events += run.missing.lost_events;
    }
    const auto work = workload::of(seen);
    if (!work) return std::unexpected(work.error());
    made.classes = work->classes();
    auto sets = pool_sets(*work, most_sets);
    if (!sets)
        return fail(fmt::format(
            "{} different blocks are too many for a summary; round the sizes up in the program, or "
            "lay out from the traces themselves",
            made.classes.size()
        ));
    const load_index index(*work);
    made.moments = peak_search(index, *std::move(sets)).chosen();
    return made;
}

std::string to_lines(const demand_summary& s, std::span<const std::uint32_t> builds) {
    std::string text = fmt::format(
        R"({{"drone_demand":1,"runs":{},"events":{},"steps":{},"gaps":{},"lost_events":{},"failed":{},"left_out":{},"builds":[)",
        s.runs,
        s.events,
        s.steps,
        s.missing.gaps,
        s.missing.lost_events,
        s.failed,
        s.left_out
    );
    const char* comma = "";
    for (const std::uint32_t build : builds)
        text += fmt::format(R"({}"{:06x}")", std::exchange(comma, ","), build);
    text += "]}\n";
    for (const std::vector<std::int32_t>& live : s.moments) {
        text += R"({"live":{)";
        comma = "";
        for (std::size_t c = 0; c < live.size(); ++c) {
            if (live[c] == 0) continue;
            const block_class& block = s.classes[c];
            const std::string alignment =
                block.alignment == granule ? "" : fmt::format("/{}", block.alignment);
            text += fmt::format(
                R"({}"{}{}":{})", std::exchange(comma, ","), block.block, alignment, live[c]
            );
        }
        text += "}}\n";
    }
    return text;
}

} // namespace drone::layout

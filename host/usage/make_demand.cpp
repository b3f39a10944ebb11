// SPDX-License-Identifier: MIT

#include "usage/make_demand.hpp"

#include "base/vector_clones.hpp"
#include "trace/tee.hpp"

#include <drone/layout.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <map>

namespace drone::usage {

namespace {

/// Classes of small sizes lie in a table, after it one place that is for no class.
constexpr std::uint32_t small_limit = 4096;
constexpr std::uint32_t alignments = 16;
constexpr std::uint32_t no_place = small_limit * alignments;

constexpr std::size_t made_at_once = 256;

/// Where the class of each request is in that table, and 1 where a block is given back. No branches
/// and no state, so that compilers make vectors of it.
DRONE_VECTOR_CLONES void find_places(
    std::span<const trace::request> asked,
    std::array<std::uint32_t, made_at_once>& places,
    std::array<std::uint16_t, made_at_once>& gives_back
) {
    for (std::size_t i = 0; i < asked.size(); ++i) {
        const std::uint32_t alignment_log2 = asked[i].alignment_log2();
        const bool is_small = (asked[i].size() / small_limit | alignment_log2 / alignments) == 0;
        places[i] = is_small ? asked[i].size() * alignments + alignment_log2 : no_place;
        gives_back[i] = static_cast<std::uint16_t>(1U - asked[i].is_taken());
    }
}

/// Collects steps with classes in the order of their first use; finish() puts them in order.
class demand_maker final : public trace::sink {
public:
    explicit demand_maker(std::uint32_t assumed_alignment)
        : assumed_alignment_(std::max(assumed_alignment, drone::granule)) {}

    void on_changes(std::span<const trace::change> changes) override {
        for (const trace::change& c : changes) {
            note_context(c.context);
            made_.steps.push_back(step::of(class_of(c), c.gives_back));
            if (c.block != trace::no_block) made_.blocks.push_back(c.block);
        }
    }

    /// The same as on_changes(), for nearly every event of a native trace.
    void on_brief_changes(const trace::brief_changes& changes) override {
        note_context(changes.context);
        made_.blocks.insert(made_.blocks.end(), changes.blocks.begin(), changes.blocks.end());
        for (std::size_t at = 0; at < changes.size(); at += made_at_once)
            add_steps(changes.asked.subspan(at, std::min(changes.size() - at, made_at_once)));
    }

    void
    on_resize(const trace::change& before, const trace::change& after, trace::resizing) override {
        made_.resizes.push_back(made_.steps.size());
        on_changes(std::array{before, after});
    }

    void on_failure(const trace::failure& f) override {
        note_context(f.context);
        const class_number asked = class_of({.size = f.size, .alignment_log2 = f.alignment_log2});
        const std::uint64_t events = event_count(made_);
        made_.failures.push_back({.at = made_.steps.size(), .at_least = f.at_least});
        made_.steps.push_back(step::take(asked));
        made_.steps.push_back(step::give_back(asked));
        made_.blocks.insert(made_.blocks.end(), 2, trace::no_block); // for number_failures()
        on_position(events + 1);
    }

    void on_position(std::uint64_t events) override {
        made_.positions.push_back({made_.steps.size(), events});
    }

    [[nodiscard]] std::size_t class_count() const { return made_.classes.size(); }

    /// Requires no more classes than step::class_limit.
    demand finish() {
        std::vector<class_number> order;
        order.reserve(made_.classes.size());
        std::ranges::copy(made_.classes.numbers(), std::back_inserter(order));
        std::ranges::sort(order, {}, [&](class_number n) { return made_.classes[n]; });
        by_class<class_number> place(order.size());
        by_class<request_class> ascending;
        ascending.reserve(order.size());
        for (const class_number before : order) {
            place[before] = class_number(ascending.size());
            ascending.push_back(made_.classes[before]);
        }
        made_.classes = std::move(ascending);
        std::vector<step> ordered(2 * place.size());
        for (const class_number before : place.numbers()) {
            ordered[step::take(before).row()] = step::take(place[before]);
            ordered[step::give_back(before).row()] = step::give_back(place[before]);
        }
        for (step& s : made_.steps)
            s = ordered[s.row()];
        number_failures();
        return std::move(made_);
    }

private:
    /// Failed requests have no blocks; where blocks have numbers, all of them get one of their own.
    void number_failures() {
        std::vector<trace::block_number>& blocks = made_.blocks;
        if (blocks.size() != made_.steps.size()) return blocks.clear();
        if (made_.failures.empty()) return;
        trace::block_number number{};
        for (const trace::block_number block : blocks)
            if (block != trace::no_block) number = std::max(number, block + 1);
        for (const unserved_request& failed : made_.failures)
            blocks[failed.at] = blocks[failed.at + 1] = number;
    }

    static constexpr class_number none{UINT16_MAX};

    /// At most `made_at_once`.
    void add_steps(std::span<const trace::request> asked) {
        find_places(asked, places_, gives_back_);
        std::array<step, made_at_once> steps;
        const class_number* const small = small_.data();
        for (std::size_t i = 0; i < asked.size(); ++i) {
            class_number number = small[places_[i]];
            if (number == none) [[unlikely]]
                number =
                    class_of({.size = asked[i].size(), .alignment_log2 = asked[i].alignment_log2()}
                    );
            steps[i] = step::of(number, gives_back_[i] != 0);
        }
        made_.steps.insert(made_.steps.end(), steps.data(), steps.data() + asked.size());
    }

    class_number class_of(const trace::change& c) {
        if (c.alignment_log2 == trace::alignment_not_told) [[unlikely]]
            return class_of(with_assumed_alignment(c));
        if (c.size >= small_limit || c.alignment_log2 >= alignments) return class_of_large(c);
        class_number& known = small_[c.size * alignments + c.alignment_log2];
        if (known == none) known = add_class(c);
        return known;
    }

    /// What follows happens there.
    void note_context(std::uint16_t context) {
        if (context == context_) [[likely]]
            return;
        context_ = context;
        made_.contexts.push_back({.step = made_.steps.size(), .context = context});
    }

    [[nodiscard]] trace::change with_assumed_alignment(trace::change c) {
        made_.assumed_alignment = assumed_alignment_;
        c.alignment_log2 = static_cast<std::uint8_t>(std::countr_zero(assumed_alignment_));
        return c;
    }

    class_number class_of_large(const trace::change& c) {
        const auto [entry, is_new] =
            large_.try_emplace({c.size, std::uint32_t{1} << c.alignment_log2});
        if (is_new) entry->second = add_class(c);
        return entry->second;
    }

    /// Past the limit classes are still counted, for the message, but all count as the last one.
    class_number add_class(const trace::change& c) {
        made_.classes.push_back({c.size, std::uint32_t{1} << c.alignment_log2});
        return class_number(std::min(made_.classes.size(), step::class_limit) - 1);
    }

    std::uint32_t assumed_alignment_;
    std::uint16_t context_ = trace::no_context;
    demand made_;
    std::vector<class_number> small_ = std::vector<class_number>(no_place + 1, none);
    std::array<std::uint32_t, made_at_once> places_{};     ///< room for those of some requests
    std::array<std::uint16_t, made_at_once> gives_back_{}; ///< the same
    std::map<request_class, class_number> large_;
};

} // namespace

std::uint64_t event_number(const demand& run, std::uint64_t step) {
    const auto known = std::ranges::upper_bound(run.positions, step, {}, &demand_position::step);
    const demand_position from = known == run.positions.begin() ? demand_position() : known[-1];
    const auto resizes = std::ranges::lower_bound(run.resizes, step) -
                         std::ranges::lower_bound(run.resizes, from.step);
    return from.events + (step - from.step) - static_cast<std::uint64_t>(resizes) + 1;
}

std::uint32_t usual_alignment(trace::format f) {
    const bool is_drones = f == trace::format::drone_0_14 || f == trace::format::drone_2022;
    return is_drones ? drone::granule : drone::default_alignment;
}

result<demand_and_findings> read_demand(
    const trace::source& from, std::optional<std::uint32_t> assumed_alignment, trace::sink* beside
) {
    demand_maker maker(assumed_alignment.value_or(usual_alignment(from.format())));
    std::optional<trace::tee> both;
    if (beside != nullptr) both.emplace(maker, *beside);
    auto found = from.read(both ? static_cast<trace::sink&>(*both) : maker);
    if (!found) return std::unexpected(found.error());
    if (maker.class_count() > step::class_limit)
        return fail(fmt::format(
            "{}: {} different sizes, and at most {} can be laid out; round the sizes up in the "
            "program, or trace a shorter run",
            from.path().string(),
            maker.class_count(),
            step::class_limit
        ));
    demand made = maker.finish();
    if (const auto& sum = found->summarised) made.summarised = {sum->runs, sum->steps};
    made.leaves_moves_open = trace::leaves_moves_open(from.format());
    made.missing = {.gaps = found->gaps, .lost_events = found->lost_events};
    return demand_and_findings{std::move(made), std::move(*found)};
}

result<demand>
make_demand(const trace::source& from, std::optional<std::uint32_t> assumed_alignment) {
    auto both = read_demand(from, assumed_alignment);
    if (!both) return std::unexpected(both.error());
    return std::move(both->demand);
}

} // namespace drone::usage

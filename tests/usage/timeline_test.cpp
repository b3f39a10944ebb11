// SPDX-License-Identifier: MIT

// A run as it is drawn, against a model that keeps every event.

#include "usage/timeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <span>
#include <vector>

namespace drone::usage {
namespace {

using testing::ElementsAre;

TEST(Extremes, AreThoseOfTheEventsOfAColumn) {
    extremes course(3);
    std::uint64_t event = 0;
    for (const std::uint64_t value : {5U, 9U, 2U, 7U, 7U, 8U, 1U})
        course.note(++event, value);
    course.finish(event);
    EXPECT_THAT(course.least(), ElementsAre(2, 7, 1));
    EXPECT_THAT(course.most(), ElementsAre(9, 8, 1));
}

TEST(Extremes, WhereNothingChangesTheQuantityStays) {
    extremes e(2);
    e.note(1, 4);
    e.note(8, 6); // the last event of the fourth column
    e.finish(11);
    EXPECT_THAT(e.least(), ElementsAre(4, 4, 4, 4, 6, 6));
    EXPECT_THAT(e.most(), ElementsAre(4, 4, 4, 6, 6, 6));
}

/// A heap of two pools, of 16 blocks of 16 bytes and 8 blocks of 64.
trace::traced_heap two_pools() {
    return {
        .size = 768,
        .pools =
            {{.block_size = 16,
              .capacity = 16,
              .alignment = 16,
              .offset = 512,
              .first_block = trace::block_number{0}},
             {.block_size = 64,
              .capacity = 8,
              .alignment = 64,
              .offset = 0,
              .first_block = trace::block_number{16}}},
        .region = {},
        .identity = 0,
    };
}

/// An event of a made-up run.
struct made_event {
    trace::change before = {}; ///< of a resize
    trace::change change = {};
    bool is_resize = false;
    bool is_copied = false;
    bool is_failure = false;
};

/// A run in which every block is taken before it is given back.
std::vector<made_event> made_run(std::size_t events) {
    std::vector<made_event> run;
    std::map<std::uint32_t, trace::change> live;
    for (std::size_t i = 0; i < events; ++i) {
        const auto block = *rc::gen::inRange<std::uint32_t>(0, 24);
        const auto size = *rc::gen::inRange<std::uint32_t>(1, block < 16 ? 17 : 65);
        const auto known = live.find(block);
        const int dice = *rc::gen::inRange(0, 10);
        if (dice == 0) {
            run.push_back({.is_failure = true});
        } else if (known == live.end()) {
            const trace::change taken{
                .block = trace::block_number{block},
                .size = size,
                .caller = *rc::gen::inRange<std::uint32_t>(0, 4)
            };
            live[block] = taken;
            run.push_back({.change = taken});
        } else if (dice < 4) {
            trace::change before = known->second;
            before.gives_back = true;
            known->second.size = size;
            run.push_back(
                {.before = before,
                 .change = known->second,
                 .is_resize = true,
                 .is_copied = dice == 1}
            );
        } else {
            trace::change back = known->second;
            back.gives_back = true;
            live.erase(known);
            run.push_back({.change = back});
        }
    }
    return run;
}

void feed(const std::vector<made_event>& run, timeline& into) {
    into.on_heap(two_pools());
    for (const made_event& e : run)
        if (e.is_failure)
            into.on_failure({.size = 1000});
        else if (e.is_resize)
            into.on_resize(
                e.before,
                e.change,
                e.is_copied ? trace::resizing::copied : trace::resizing::in_place
            );
        else
            into.on_changes({&e.change, 1});
    into.finish();
}

/// Bytes after each event, and the most during it.
struct model {
    std::vector<std::uint64_t> least;
    std::vector<std::uint64_t> most;
    std::map<std::uint32_t, std::vector<std::uint64_t>> by_caller;

    explicit model(const std::vector<made_event>& run) {
        std::uint64_t bytes = 0;
        std::map<std::uint32_t, std::uint64_t> holds{{0, 0}, {1, 0}, {2, 0}, {3, 0}};
        for (const made_event& e : run) {
            std::uint64_t during = 0;
            if (e.is_resize) {
                during = e.is_copied ? bytes + e.change.size : 0;
                bytes += e.change.size;
                bytes -= e.before.size;
                holds[e.change.caller] += e.change.size;
                holds[e.change.caller] -= e.before.size;
            } else if (!e.is_failure && e.change.gives_back) {
                bytes -= e.change.size;
                holds[e.change.caller] -= e.change.size;
            } else if (!e.is_failure) {
                bytes += e.change.size;
                holds[e.change.caller] += e.change.size;
            }
            least.push_back(bytes);
            most.push_back(std::max(bytes, during));
            for (const auto& [caller, held] : holds)
                by_caller[caller].push_back(held);
        }
    }

    [[nodiscard]] std::uint64_t peak_event() const {
        const auto at = std::ranges::max_element(most);
        return at == most.end() || *at == 0 ? 0 : static_cast<std::uint64_t>(at - most.begin()) + 1;
    }
};

RC_GTEST_PROP(Timeline, IsExactWhereAColumnIsAnEvent, ()) {
    const auto run = made_run(*rc::gen::inRange<std::size_t>(1, 200));
    const model expected(run);
    std::vector<std::uint64_t> moments(run.size());
    for (std::size_t i = 0; i < moments.size(); ++i)
        moments[i] = i + 1;
    timeline line(
        {.events = run.size(),
         .peak_event = expected.peak_event(),
         .kind = holder_kind::caller,
         .named = {1, 2, 3},
         .moments = moments,
         .close_ups = {},
         .region = {}}
    );
    feed(run, line);
    RC_ASSERT(line.live().least() == expected.least);
    RC_ASSERT(line.live().most() == expected.most);
    // The callers that are named, then all others: here the one that is not known.
    for (const std::uint32_t caller : {1U, 2U, 3U, 0U}) {
        const std::size_t row = caller == 0 ? 3 : caller - 1;
        RC_ASSERT(line.holders().history(row) == expected.by_caller.at(caller));
    }
    std::uint64_t at_peak = 0;
    for (const holding& h : line.holders().at_peak())
        at_peak += h.bytes;
    RC_ASSERT(at_peak == *std::ranges::max_element(expected.most));
    std::uint64_t in_pools = 0;
    for (const holding& h : line.pools_at_peak())
        in_pools += h.blocks;
    std::uint64_t failures = 0;
    for (const auto& [column, count] : line.failures())
        failures += count;
    RC_ASSERT(
        failures == static_cast<std::uint64_t>(std::ranges::count_if(run, &made_event::is_failure))
    );
    RC_ASSERT(in_pools <= 24U);
}

RC_GTEST_PROP(Timeline, LosesNoPeakInAColumn, ()) {
    const auto run = made_run(300);
    const model expected(run);
    const auto per = *rc::gen::inRange<std::uint64_t>(1, 40);
    // As if the run were so long that a column has `per` events.
    const std::uint64_t events = per * timeline::columns;
    timeline line(
        {.events = events,
         .peak_event = expected.peak_event(),
         .kind = holder_kind::size,
         .named = {16, 64},
         .moments = {},
         .close_ups = {expected.peak_event()},
         .region = {}}
    );
    feed(run, line);
    RC_ASSERT(line.live().per() == per);
    for (std::size_t column = 0; column < line.live().columns(); ++column) {
        const std::size_t from = column * per;
        const std::size_t to = std::min<std::size_t>(from + per, run.size());
        const auto part = [&](const std::vector<std::uint64_t>& all) {
            return std::span(all).subspan(from, to - from);
        };
        RC_ASSERT(line.live().least()[column] == std::ranges::min(part(expected.least)));
        RC_ASSERT(line.live().most()[column] == std::ranges::max(part(expected.most)));
    }
    if (per > 1 && expected.peak_event() != 0) {
        RC_ASSERT(line.close_ups().size() == 1U);
        const close_up& close = line.close_ups().front();
        for (std::size_t i = 0; i < close.live.columns(); ++i)
            RC_ASSERT(close.live.most()[i] == expected.most[close.first - 1 + i]);
    }
}

TEST(Timeline, GapsThatAreTooManyBecomeFewerAndLoseNoEvent) {
    timeline line({.events = 100'000, .named = {}, .moments = {}, .close_ups = {}, .region = {}});
    std::uint64_t event = 0;
    for (int i = 0; i < 20'000; ++i) {
        const trace::change taken{.size = 4};
        line.on_changes({&taken, 1});
        line.on_gap(2);
        ++event;
    }
    line.finish();
    EXPECT_LE(line.gaps().size(), timeline::most_gaps);
    std::uint64_t lost = 0;
    for (const timeline_gap& gap : line.gaps())
        lost += gap.lost;
    EXPECT_EQ(lost, 2 * event);
}

TEST(RegionPicture, ShowsWhatIsInUseFromTheLowestAddress) {
    const trace::traced_heap heap{
        .size = 960,
        .pools = {},
        .region = {.offset = 0, .unit = 10, .units = 96, .first_block = trace::block_number{0}},
        .identity = 0,
    };
    region_picture picture(heap, 2);
    picture.before(1);
    picture.take({.block = trace::block_number{0}, .size = 480}, 1);
    picture.note_peak();
    picture.before(2);
    picture.take({.block = trace::block_number{60}, .size = 5}, 2);
    picture.finish(2);
    ASSERT_EQ(picture.shades().size(), 2 * region_picture::rows);
    for (std::size_t row = 0; row < region_picture::rows; ++row) {
        EXPECT_EQ(picture.shades()[row], 0);
        EXPECT_EQ(picture.shades()[region_picture::rows + row], row < 48 ? 15 : 0) << row;
    }
    EXPECT_EQ(picture.hole_at_peak(), 480U);
    EXPECT_THAT(picture.least_free(), ElementsAre(480, 470));
    EXPECT_THAT(picture.least_hole(), ElementsAre(480, 350));
}

} // namespace
} // namespace drone::usage

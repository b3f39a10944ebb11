// SPDX-License-Identifier: MIT
#include "trace_writer.hpp"
#include "usage/make_demand.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::usage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using trace::native_writer;
using wire::operation;

demand demand_of(const native_writer& w) {
    const trace::temporary_file file(w.bytes());
    const auto from = trace::source::open(file.path());
    EXPECT_TRUE(from) << from.error().message;
    return make_demand(*from).value_or(demand{});
}

TEST(Demand, AFailedRequestTakesABlockForAMoment) {
    native_writer w;
    w.announce().allocate(1, 0, 12);
    w.event(operation::failed, 200).deallocate(1, 0).checkpoint();
    const demand made = demand_of(w);
    EXPECT_THAT(made.classes, ElementsAre(request_class{12, 4}, request_class{200, 8}));
    EXPECT_THAT(
        made.steps,
        ElementsAre(
            step::take(class_number{0}),
            step::take(class_number{1}),
            step::give_back(class_number{1}),
            step::give_back(class_number{0})
        )
    );
    EXPECT_THAT(made.failures, ElementsAre(unserved_request{.at = 1, .at_least = false}));
    // Its block is nobody else's.
    ASSERT_EQ(made.blocks.size(), 4U);
    EXPECT_EQ(made.blocks[0], made.blocks[3]);
    EXPECT_EQ(made.blocks[1], made.blocks[2]);
    EXPECT_NE(made.blocks[0], made.blocks[1]);
}

TEST(Demand, AFailedRequestHasTheAlignmentThatItAskedFor) {
    native_writer w;
    w.announce();
    w.words.push_back(wire::make_alignment(4, wire::event(operation::failed, 0, 20)));
    w.event(operation::failed, 20).checkpoint();
    EXPECT_THAT(demand_of(w).classes, ElementsAre(request_class{20, 16}));
}

TEST(Demand, ASaturatedFailureAskedForAtLeastThat) {
    native_writer w;
    w.announce().event(operation::failed, wire::saturated(SIZE_MAX)).checkpoint();
    EXPECT_THAT(demand_of(w).failures, ElementsAre(unserved_request{.at = 0, .at_least = true}));
}

TEST(Demand, CountsEventsAsTheTraceDoes) {
    native_writer w;
    w.announce().allocate(1, 0, 9).event(operation::failed, 200).resize(1, 0, 12);
    w.event(operation::failed, 200).deallocate(1, 0).checkpoint();
    const demand made = demand_of(w);
    EXPECT_EQ(event_count(made), 5U);
    std::vector<std::uint64_t> events;
    for (std::size_t at = 0; at < made.steps.size(); ++at)
        if (at == 0 || event_number(made, at) != events.back())
            events.push_back(event_number(made, at));
    EXPECT_THAT(events, ElementsAre(1, 2, 3, 4, 5));
}

} // namespace
} // namespace drone::usage

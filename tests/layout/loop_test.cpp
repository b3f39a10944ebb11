// SPDX-License-Identifier: MIT

// The loop of trace and generate, on a model of a program: from any layout, each round gets further,
// and the last one has no failure.

#include "layout/plan.hpp"
#include "layout/runtime_heap.hpp"
#include "runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>

namespace drone::layout {
namespace {

/// A program that asks for the same whatever it gets, on the target's heap, traced.
class traced_program {
public:
    struct heap_layout {
        std::vector<pool_spec> pools;
        std::uint32_t alignment = default_alignment;
    };
    struct round {
        usage::demand trace;
        std::size_t served_first = 0; ///< requests, before the first failure
        [[nodiscard]] bool failed() const { return !trace.failures.empty(); }
    };

    /// `asked` has no resizes.
    explicit traced_program(usage::demand asked) : asked_(std::move(asked)) {}

    [[nodiscard]] round run(const heap_layout& layout) const {
        runtime_heap heap(layout.pools, layout.alignment);
        round made{.trace = {}, .served_first = 0};
        usage::demand& trace = made.trace;
        trace.classes = asked_.classes;
        usage::by_class<std::vector<void*>> live(asked_.classes.size());
        for (const usage::step step : asked_.steps) {
            std::vector<void*>& blocks = live[step.number()];
            if (step.gives_back()) {
                void* const block = blocks.back();
                blocks.pop_back();
                if (block == nullptr) continue; // it was never given
                heap->deallocate(block);
                trace.steps.push_back(step);
                continue;
            }
            const usage::request_class& request = asked_.classes[step.number()];
            blocks.push_back(heap->allocate(request.size, request.alignment));
            const bool denied = blocks.back() == nullptr;
            if (denied) trace.failures.push_back({.at = trace.steps.size()});
            trace.steps.push_back(step);
            if (denied) trace.steps.push_back(usage::step::give_back(step.number()));
            if (!made.failed()) ++made.served_first;
        }
        return made;
    }

private:
    usage::demand asked_;
};

std::optional<plan> plan_for(const usage::demand& run, const plan_request& wanted) {
    auto made = planner::of(
        std::span(&run, 1), {.most_pools = wanted.pools, .keep = {}, .size = wanted.size}
    );
    if (!made) return std::nullopt;
    auto done = made->make(wanted);
    if (!done) return std::nullopt;
    return *std::move(done);
}

RC_GTEST_PROP(Loop, EndsWithoutAFailureFromAnyLayout, (unsigned seed)) {
    std::mt19937 random(seed);
    const usage::demand asked = layout_test::random_run(
        random,
        {.classes = *rc::gen::inRange<std::size_t>(1, 8),
         .largest = 200,
         .alignments = {4, 8, 16},
         .steps = *rc::gen::inRange<std::size_t>(1, 120)}
    );
    plan_request wanted{
        .pools = *rc::gen::inRange<std::size_t>(1, 6),
        .rule = *rc::gen::element(
            headroom::none, headroom::spread, headroom::scale, headroom::balanced
        ),
        .squeeze = *rc::gen::arbitrary<bool>(),
    };
    // A heap that the whole program fits just so, or with bytes to spare.
    const auto fitting = plan_for(asked, {.pools = wanted.pools, .rule = headroom::none});
    RC_PRE(fitting.has_value());
    wanted.size = static_cast<std::uint64_t>(fitting->used) + *rc::gen::inRange(0U, 2000U);

    // The layout that holds it, with pools taken out and others cut.
    traced_program::heap_layout layout{.pools = {}, .alignment = default_alignment};
    for (pool_spec pool : fitting->pools) {
        pool.capacity = *rc::gen::inRange(0U, pool.capacity + 1);
        if (pool.capacity > 0) layout.pools.push_back(pool);
    }
    if (layout.pools.empty()) layout.pools.push_back({.block = 4, .capacity = 1});

    const traced_program program(asked);
    auto round = program.run(layout);
    while (round.failed()) {
        const auto made = plan_for(round.trace, wanted);
        RC_ASSERT(made.has_value());
        RC_ASSERT(made->replay.holds());
        auto next = program.run({made->pools, made->alignment});
        RC_ASSERT(next.served_first > round.served_first);
        round = std::move(next);
    }
}

TEST(Loop, TakesFewRoundsWhereThereIsRoom) {
    // A program that starts with 40 blocks of a size for which it has no pool.
    const traced_program program(layout_test::run_through({{16}, {512}}, {{5, 40}, {8, 40}}));
    auto round = program.run({.pools = {{.block = 16, .capacity = 20}}});
    std::size_t rounds = 0;
    for (; round.failed(); ++rounds) {
        const auto made = plan_for(round.trace, {.pools = 2, .size = 48 * 1024});
        ASSERT_TRUE(made.has_value());
        round = program.run({made->pools, made->alignment});
    }
    EXPECT_LE(rounds, 3U); // not one a block
}

} // namespace
} // namespace drone::layout

// SPDX-License-Identifier: MIT
// The same events in other orders.

#include "in_order.hpp"
#include "layout/orders.hpp"
#include "layout/overflow_plan.hpp"
#include "layout/replay.hpp"
#include "random_blocks.hpp"
#include "runs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <vector>

namespace drone::layout {
namespace {

using layout_test::in_order;
using layout_test::random_blocks;

/// How far an event is from its place at most.
std::size_t largest_shift(const std::vector<std::uint32_t>& sequence) {
    std::size_t most = 0;
    for (std::size_t at = 0; at < sequence.size(); ++at)
        most = std::max(most, at > sequence[at] ? at - sequence[at] : sequence[at] - at);
    return most;
}

/// The steps of each block, in order.
std::map<trace::block_number, std::vector<std::uint16_t>> by_block(const usage::demand& run) {
    std::map<trace::block_number, std::vector<std::uint16_t>> steps;
    for (std::size_t at = 0; at < run.steps.size(); ++at)
        steps[run.blocks[at]].push_back(run.steps[at].row());
    return steps;
}

TEST(Orders, ShiftEventsALittleAndKeepEachBlocksOwn) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const usage::demand run = random_blocks(random, {});
        const ordered_run ordered(run);
        EXPECT_EQ(in_order(ordered, 0).steps, run.steps);
        const usage::demand other = in_order(ordered, 1 + seed % 50);
        ASSERT_NE(other.steps, run.steps);
        ASSERT_EQ(by_block(other), by_block(run));
        ASSERT_EQ(other.resizes.size(), run.resizes.size());

        const std::vector<std::uint32_t> sequence = ordered.sequence(1 + seed % 50);
        ASSERT_LE(largest_shift(sequence), 32U);
        std::vector<std::uint32_t> sorted = sequence;
        std::ranges::sort(sorted);
        ASSERT_TRUE(std::ranges::equal(sorted, ordered.sequence(0)));
    }
}

/// Random contexts, each for some steps. None begins between the steps of a resize.
void name_contexts(usage::demand& run, std::mt19937& random, std::uint32_t contexts) {
    for (std::uint64_t step = 0; step < run.steps.size(); step += 1 + random() % 9) {
        if (step != 0 && std::ranges::binary_search(run.resizes, step - 1)) continue;
        const auto context = static_cast<std::uint16_t>(random() % contexts + 15);
        if (run.contexts.empty() || run.contexts.back().context != context)
            run.contexts.push_back({.step = step, .context = context});
    }
}

/// By event: the context of its first step.
std::vector<std::uint16_t> contexts_of(const usage::demand& run) {
    std::vector<std::uint16_t> contexts;
    for (std::uint64_t step = 0; step < run.steps.size(); ++step) {
        std::uint16_t context = 0;
        for (const usage::context_switch& change : run.contexts)
            if (change.step <= step) context = change.context;
        contexts.push_back(context);
        if (std::ranges::binary_search(run.resizes, step)) ++step;
    }
    return contexts;
}

TEST(Orders, KeepWhatOneContextDoesInOrder) {
    std::set<bool> overtaken; // whether an event came before its place, and after it
    for (unsigned seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        usage::demand run = random_blocks(random, {});
        const std::uint32_t contexts = 2 + seed % 3;
        name_contexts(run, random, contexts);
        const ordered_run ordered(run);
        ASSERT_EQ(ordered.contexts(), contexts);
        const usage::demand other = in_order(ordered, 1 + seed % 50);
        ASSERT_NE(other.steps, run.steps);
        ASSERT_EQ(by_block(other), by_block(run));
        const std::vector<std::uint32_t> sequence = ordered.sequence(1 + seed % 50);
        ASSERT_LE(largest_shift(sequence), 32U);
        const std::vector<std::uint16_t> context_of = contexts_of(run);
        std::map<std::uint16_t, std::uint32_t> last; // event of each context, and one
        for (std::size_t at = 0; at < sequence.size(); ++at) {
            std::uint32_t& before = last[context_of[sequence[at]]];
            ASSERT_LT(before, sequence[at] + 1);
            before = sequence[at] + 1;
            if (sequence[at] != at) overtaken.insert(sequence[at] < at);
        }
    }
    EXPECT_EQ(overtaken.size(), 2U);
}

TEST(Orders, OfOneContextAreTheTracedOne) {
    std::mt19937 random(2);
    usage::demand run = random_blocks(random, {});
    run.contexts = {{.step = 0, .context = 512}};
    const ordered_run ordered(run);
    EXPECT_EQ(ordered.contexts(), 1U);
    for (std::uint32_t order = 0; order < 5; ++order)
        EXPECT_EQ(in_order(ordered, order).steps, run.steps);
    const auto plan = plan_overflow(std::span(&run, 1), {});
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ(plan->orders, 1U);
    EXPECT_EQ(plan->contexts, 1U);
}

TEST(Orders, EventsAreTheSteps) {
    for (unsigned seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const usage::demand run = random_blocks(random, {});
        const ordered_run ordered(run);
        const usage::demand same = in_order(ordered, 0);
        ASSERT_EQ(same.steps, run.steps);
        ASSERT_EQ(same.blocks, run.blocks);
        ASSERT_EQ(same.resizes, run.resizes);
    }
}

TEST(Orders, NumberBlocksAsAReplayWithoutNumbersTakesThem) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        usage::demand run = layout_test::random_run(
            random, {.classes = 6, .largest = 90, .alignments = {4, 8}, .steps = 200}
        );
        const std::vector<pool_spec> pools = {{16, 3}, {40, 4}};
        const tried_heap heap{.pools = pools, .alignment = 8, .region_bytes = 700};
        const auto without = replay(std::span(&run, 1), heap);
        run.blocks = numbers_of(run);
        const auto with = replay(std::span(&run, 1), heap);
        ASSERT_TRUE(without && with);
        ASSERT_EQ(without->failures, with->failures);
        ASSERT_EQ(without->region.taken, with->region.taken);
        ASSERT_EQ(without->region.peak_bytes, with->region.peak_bytes);
        ASSERT_EQ(without->pools[0].fell_over, with->pools[0].fell_over);
    }
}

/// What happens to a block: the event that took it, and the request it was for and is for.
struct plain_event {
    std::size_t taken_at;
    usage::class_number from;
    usage::class_number to;

    friend bool operator==(const plain_event&, const plain_event&) = default;
};

/// Events without the numbers of blocks, which say nothing.
std::vector<plain_event> plainly(const std::vector<block_event>& events) {
    std::map<trace::block_number, std::size_t> taken_at;
    std::vector<plain_event> made;
    for (const block_event& event : events) {
        if (event.from == block_event::none) taken_at[event.block] = made.size();
        made.push_back({taken_at.at(event.block), event.from, event.to});
    }
    return made;
}

/// The run as a trace has it that does not say which allocations are resizes: the new block, then the
/// old one is given back.
usage::demand without_resizes(const usage::demand& run) {
    usage::demand made;
    made.classes = run.classes;
    made.leaves_moves_open = true;
    std::map<trace::block_number, trace::block_number> number;
    trace::block_numbers free;
    const auto take = [&](std::size_t step) {
        made.steps.push_back(run.steps[step]);
        made.blocks.push_back(number[run.blocks[step]] = free.take());
    };
    const auto give_back = [&](std::size_t step, trace::block_number old) {
        made.steps.push_back(run.steps[step]);
        made.blocks.push_back(old);
        free.give_back(old);
    };
    for (std::size_t step = 0; step < run.steps.size(); ++step) {
        const trace::block_number old = number[run.blocks[step]];
        if (std::ranges::binary_search(run.resizes, step)) {
            take(step + 1);
            give_back(step++, old);
        } else if (run.steps[step].gives_back()) {
            give_back(step, old);
        } else {
            take(step);
        }
    }
    return made;
}

/// The run with every allocation right before the release of another block as a resize, as anyone
/// would write it down.
std::vector<block_event> with_moves(const ordered_run& run) {
    std::map<trace::block_number, std::uint32_t> life; // of what has that number now
    std::uint32_t next = 0;
    std::vector<block_event> made;
    const std::vector<block_event>& events = run.events();
    for (std::size_t at = 0; at < events.size(); ++at) {
        block_event event = events[at];
        const bool takes = event.from == block_event::none;
        if (takes && at + 1 < events.size() && events[at + 1].to == block_event::none &&
            events[at + 1].block != event.block) {
            event.from = events[at + 1].from;
            life[event.block] = life.at(events[++at].block);
        } else if (takes) {
            life[event.block] = next++;
        }
        event.block = trace::block_number{life.at(event.block)};
        made.push_back(event);
    }
    return made;
}

TEST(Orders, HaveOneInWhichEveryAllocationThatMayBeAResizeIsOne) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const usage::demand run = random_blocks(random, {.live = 1 + seed % 30});
        const usage::demand open = without_resizes(run);
        const ordered_run ordered(open);
        ASSERT_TRUE(ordered.has_moves());
        // Those of the program, and those that only look like one.
        ASSERT_EQ(plainly(ordered.events(1)), plainly(with_moves(ordered_run(run))));
        ASSERT_EQ(in_order(ordered, 0).steps, open.steps);
    }
}

/// How many allocations of the traced run are resizes in this order; fails where anything else is
/// different: every block has the events that it has there.
void count_moves(const ordered_run& run, std::uint32_t order, std::size_t& moves) {
    const std::vector<block_event>& traced = run.events();
    const std::vector<block_event> made = run.events(order);
    std::map<trace::block_number, trace::block_number> number; // in that order, of a traced block
    moves = 0;
    std::size_t at = 0;
    for (const block_event& event : made) {
        ASSERT_LT(at, traced.size());
        const block_event& first = traced[at++];
        ASSERT_EQ(event.to, first.to);
        if (first.from == event.from) {
            if (first.from == block_event::none) number[first.block] = event.block;
        } else {
            ASSERT_LT(at, traced.size());
            const block_event& freed = traced[at++];
            ASSERT_EQ(first.from, block_event::none);
            ASSERT_EQ(freed.to, block_event::none);
            ASSERT_EQ(event.from, freed.from);
            number[first.block] = number.at(freed.block);
            ++moves;
        }
        ASSERT_EQ(event.block, number.at(first.block));
    }
    ASSERT_EQ(at, traced.size());
}

TEST(Orders, HaveSomeInWhichAboutHalfOfThemAre) {
    for (unsigned seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        usage::demand open = without_resizes(random_blocks(random, {.live = 10, .steps = 900}));
        open.contexts = {{.step = 0, .context = 16}}; // nothing is shifted
        const ordered_run ordered(open);
        std::size_t all = 0;
        ASSERT_NO_FATAL_FAILURE(count_moves(ordered, 1, all));
        for (std::uint32_t order = 2; order < 6; ++order) {
            std::size_t some = 0;
            ASSERT_NO_FATAL_FAILURE(count_moves(ordered, order, some));
            ASSERT_GT(some, all / 4);
            ASSERT_LT(some, all - all / 4);
        }
    }
}

TEST(Orders, WithMovesKeepWhatEachBlockDoesInOrder) {
    for (unsigned seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(seed);
        std::mt19937 random(seed);
        const usage::demand open = without_resizes(random_blocks(random, {}));
        const usage::demand made = in_order(ordered_run(open), 2 + seed % 20);
        std::map<trace::block_number, std::optional<usage::class_number>> live;
        for (std::size_t at = 0; at < made.steps.size(); ++at) {
            std::optional<usage::class_number>& now = live[made.blocks[at]];
            if (made.steps[at].gives_back()) {
                ASSERT_EQ(now, made.steps[at].number());
                now.reset();
            } else {
                ASSERT_FALSE(now.has_value());
                now = made.steps[at].number();
            }
        }
        const auto rows = [](const usage::demand& run) {
            std::vector<std::uint16_t> all;
            for (const usage::step step : run.steps)
                all.push_back(step.row());
            std::ranges::sort(all);
            return all;
        };
        ASSERT_EQ(rows(made), rows(open));
        ASSERT_FALSE(made.resizes.empty());
    }
}

TEST(Orders, HaveNoMovesWhereTheTraceSaysWhatIsAResize) {
    std::mt19937 random(3);
    usage::demand open = without_resizes(random_blocks(random, {}));
    open.leaves_moves_open = false;
    const ordered_run ordered(open);
    EXPECT_FALSE(ordered.has_moves());
    EXPECT_EQ(by_block(in_order(ordered, 1)), by_block(open));
}

TEST(Orders, HaveNoMovesAcrossContexts) {
    const usage::class_number one{0};
    usage::demand run;
    run.classes = {{8, 4}};
    run.steps = {usage::step::take(one), usage::step::take(one), usage::step::give_back(one)};
    run.blocks = {trace::block_number{0}, trace::block_number{1}, trace::block_number{0}};
    run.leaves_moves_open = true;
    run.contexts = {{.step = 0, .context = 16}};
    EXPECT_TRUE(ordered_run(run).has_moves());
    run.contexts.push_back({.step = 2, .context = 17});
    EXPECT_FALSE(ordered_run(run).has_moves());
}

TEST(Orders, WithMovesAreTriedWhereOneContextHasNoOthers) {
    std::mt19937 random(4);
    usage::demand run = without_resizes(random_blocks(random, {}));
    run.contexts = {{.step = 0, .context = 512}};
    const auto plan = plan_overflow(std::span(&run, 1), {});
    ASSERT_TRUE(plan.has_value());
    EXPECT_GE(plan->orders, 22U);
    EXPECT_TRUE(plan->has_moves);
    // The program itself, which keeps blocks in place where it can, runs in that heap, too.
    const usage::demand program = in_order(ordered_run(run), 1);
    const auto report = replay(
        std::span(&program, 1),
        {.pools = plan->pools, .alignment = plan->alignment, .region_bytes = plan->region}
    );
    ASSERT_TRUE(report && report->holds());
}

} // namespace
} // namespace drone::layout

// SPDX-License-Identifier: MIT

#include "board/preemption.hpp"
#include "machine.hpp"

#include <gmock/gmock.h>

#include <set>

namespace drone::board::test {
namespace {

TEST(Preemption, ComesBeforeEveryInstructionOfACall) {
    machine board("routines");
    board.run_to("looping"); // 10 times round: 21 instructions
    const std::uint64_t runs =
        preempt_everywhere(*board, 0, [&](virtual_board& at, const preempted_run& run) {
            EXPECT_EQ(run.end.why, run_end::kind::address);
            EXPECT_EQ(board.variable("interrupts"), 1U) << run.outer;
            EXPECT_EQ(at.processor().argument(0), 0U);
            return true;
        });
    EXPECT_EQ(runs, 21U);
    EXPECT_EQ(board.variable("interrupts"), 0U);
    EXPECT_EQ(board.run().status, 0);
}

TEST(Preemption, MakesTheExclusiveStoreFailExactlyBetweenLoadAndStore) {
    machine board("routines");
    board.run_to("exclusive_store");
    std::vector<std::uint32_t> failed;
    preempt_everywhere(*board, 0, [&](virtual_board& at, const preempted_run&) {
        failed.push_back(at.processor().argument(0));
        return true;
    });
    // ldr, ldrex | nop, nop, strex | bx: the value is the same as before, only the monitor knows.
    EXPECT_THAT(failed, ::testing::ElementsAre(0, 0, 1, 1, 1, 0));
}

TEST(Preemption, NestsASecondInterruptEverywhereInTheFirst) {
    machine board("routines");
    board.run_to("four_instructions");
    std::set<std::uint64_t> outer;
    std::uint64_t most_later = 0;
    const std::uint64_t runs =
        preempt_twice_everywhere(*board, 0, 1, [&](virtual_board& at, const preempted_run& run) {
            EXPECT_EQ(run.end.why, run_end::kind::address);
            EXPECT_EQ(board.variable("interrupts"), 1U);
            EXPECT_EQ(board.variable("nested"), 1U);
            EXPECT_EQ(at.processor().argument(0), 3U);
            outer.insert(run.outer);
            most_later = std::max(most_later, *run.inner);
            return true;
        });
    EXPECT_EQ(outer.size(), 4U);
    EXPECT_GT(most_later, 5U);
    EXPECT_EQ(runs, 4 * most_later);
}

} // namespace
} // namespace drone::board::test

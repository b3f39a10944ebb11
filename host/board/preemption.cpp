// SPDX-License-Identifier: MIT

#include "board/preemption.hpp"

namespace drone::board {
namespace {

/// A call that the board can be sent back to.
class call_site {
public:
    explicit call_site(virtual_board& board)
        : board_(board), start_(board.save()), begun_(board.instructions()) {
        // Generous: what exceeds it hangs.
        constexpr std::uint64_t patience_cycles = 10'000'000;
        limits_.address = board.processor().get(UC_ARM_REG_LR) & ~1U;
        limits_.stack = board.processor().get(UC_ARM_REG_SP);
        limits_.cycles = board.now() + patience_cycles;
    }

    void go_back() {
        board_.restore(start_);
        board_.forget_injections();
    }
    void pend(std::uint64_t instruction, unsigned irq) {
        board_.pend_at(begun_ + instruction, irq);
    }
    run_end run() { return board_.run(limits_); }

private:
    virtual_board& board_;
    snapshot start_;
    std::uint64_t begun_;
    run_limits limits_;
};

} // namespace

std::uint64_t preempt_everywhere(virtual_board& board, unsigned irq, const judge& check) {
    call_site site(board);
    std::uint64_t runs = 0;
    for (std::uint64_t place = 0;; ++place) {
        site.go_back();
        site.pend(place, irq);
        const preempted_run run{place, std::nullopt, site.run()};
        if (board.injections_left() != 0) break;
        ++runs;
        if (!check(board, run)) break;
    }
    site.go_back();
    return runs;
}

std::uint64_t
preempt_twice_everywhere(virtual_board& board, unsigned outer, unsigned inner, const judge& check) {
    call_site site(board);
    std::uint64_t runs = 0;
    bool content = true;
    for (std::uint64_t place = 0; content; ++place) {
        bool outer_happened = false;
        for (std::uint64_t later = 1; content; ++later) {
            site.go_back();
            site.pend(place, outer);
            site.pend(place + later, inner);
            const preempted_run run{place, later, site.run()};
            // The first is taken before instruction `place`, the handler's first is the next one.
            outer_happened = board.injections_left() < 2;
            const bool nested = board.deepest_nesting() >= 2;
            if (!outer_happened || (run.end.why == run_end::kind::address && !nested)) break;
            ++runs;
            content = check(board, run);
        }
        if (!outer_happened) break;
    }
    site.go_back();
    return runs;
}

} // namespace drone::board

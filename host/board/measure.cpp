// SPDX-License-Identifier: MIT

#include "board/measure.hpp"

#include <algorithm>
#include <utility>

namespace drone::board {

double distribution::mean() const {
    return total_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(total_);
}

std::uint64_t distribution::quantile(unsigned permille) const {
    const std::uint64_t wanted = (total_ * permille + 999) / 1000;
    std::uint64_t seen = 0;
    for (const auto& [value, count] : counts_) {
        seen += count;
        if (seen >= wanted) return value;
    }
    return 0;
}

void level_clock::enter(std::uint64_t now) {
    spent_.back() += now - std::exchange(since_, now);
    spent_.push_back(0);
}

void level_clock::leave(std::uint64_t now) {
    since_ = now;
    if (spent_.size() > 1) spent_.pop_back();
}

call_meter::call_meter(virtual_board& board, std::vector<std::uint32_t> functions, on_return tell)
    : functions_(std::move(functions)), tell_(std::move(tell)) {
    for (const std::uint32_t function : functions_)
        board.mark(function);
    board.observe(*this);
}

void call_meter::reached(virtual_board& board, std::uint32_t address) {
    finish_at(board, address);
    for (std::size_t i = 0; i < functions_.size(); ++i) {
        if (functions_[i] == address) begin(board, i);
    }
}

void call_meter::begin(virtual_board& board, std::size_t function) {
    const core& processor = board.processor();
    const std::uint32_t return_address = processor.get(UC_ARM_REG_LR) & ~1U;
    const std::uint32_t stack = processor.get(UC_ARM_REG_SP);
    // A loop that begins with the function's first instruction comes by here again, with all as it
    // was.
    const bool is_loop = std::ranges::any_of(open_, [&](const open_call& each) {
        return each.seen.function == function && each.depth == clock_.depth() &&
               each.return_address == return_address && each.stack == stack;
    });
    if (is_loop) return;
    board.mark(return_address);
    open_.push_back({
        .seen =
            {.function = function,
             .arguments =
                 {processor.argument(0),
                  processor.argument(1),
                  processor.argument(2),
                  processor.argument(3)},
             .caller = return_address,
             .exception = processor.exception_number(),
             .entered = board.instructions()},
        .return_address = return_address,
        .stack = stack,
        .depth = clock_.depth(),
        .own_at_entry = clock_.own(board.instructions()),
    });
}

// A function has returned when its return address is reached with the stack as it was at entry.
// Calls above it that did not return themselves (a longjmp) are forgotten.
void call_meter::finish_at(virtual_board& board, std::uint32_t address) {
    for (;;) {
        const auto last_of_level =
            std::ranges::find_if(open_.rbegin(), open_.rend(), [&](const open_call& each) {
                return each.depth == clock_.depth() && each.return_address == address &&
                       each.stack == board.processor().get(UC_ARM_REG_SP);
            });
        if (last_of_level == open_.rend()) return;
        call done = last_of_level->seen;
        done.result = board.processor().argument(0);
        done.returned = board.instructions();
        done.instructions = clock_.own(board.instructions()) - last_of_level->own_at_entry;
        open_.erase(std::prev(last_of_level.base()), open_.end());
        tell_(done);
    }
}

void call_meter::entered_exception(virtual_board& board, unsigned) {
    clock_.enter(board.instructions());
}

void call_meter::left_exception(virtual_board& board, unsigned) {
    // A handler's own return goes to no address: its call ends with the exception.
    const std::uint64_t now = board.instructions();
    while (!open_.empty() && open_.back().depth >= clock_.depth() && clock_.depth() != 0) {
        call done = open_.back().seen;
        done.returned = now;
        done.instructions = clock_.own(now) - open_.back().own_at_entry;
        open_.pop_back();
        tell_(done);
    }
    clock_.leave(now);
}

void call_meter::was_reset(virtual_board&) {
    open_.clear();
    clock_ = {};
}

stretch_meter::stretch_meter(virtual_board& board, std::uint32_t from, std::uint32_t to)
    : from_(from), to_(to) {
    board.mark(from);
    board.mark(to);
    board.observe(*this);
}

void stretch_meter::reached(virtual_board& board, std::uint32_t address) {
    std::optional<std::uint64_t>& begun = begun_.back();
    const std::uint64_t own = clock_.own(board.instructions());
    if (address == to_ && begun) {
        counts_.add(own - *begun);
        begun.reset();
    }
    if (address == from_) begun = own;
}

void stretch_meter::entered_exception(virtual_board& board, unsigned) {
    clock_.enter(board.instructions());
    begun_.emplace_back();
}

void stretch_meter::left_exception(virtual_board& board, unsigned) {
    clock_.leave(board.instructions());
    if (begun_.size() > 1) begun_.pop_back();
}

void stretch_meter::was_reset(virtual_board&) {
    clock_ = {};
    begun_.assign(1, std::nullopt);
}

mask_meter::mask_meter(virtual_board& board) { board.observe(*this); }

void mask_meter::executing(virtual_board& board, std::uint32_t address) {
    const std::uint64_t now = board.instructions();
    if (board.processor().get(UC_ARM_REG_PRIMASK) != 0) {
        if (!masked_since_) {
            masked_since_ = now;
            masked_at_ = address;
        }
    } else if (masked_since_) {
        const std::uint64_t length = now - *masked_since_;
        masked_since_.reset();
        if (length > longest_) {
            longest_ = length;
            longest_at_ = masked_at_;
        }
    }
}

void mask_meter::was_reset(virtual_board&) { masked_since_.reset(); }

} // namespace drone::board

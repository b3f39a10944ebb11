// SPDX-License-Identifier: MIT
#pragma once

// Measuring on the virtual board, in executed instructions: calls of functions, stretches between
// two symbols, and how long interrupts stay masked. Instructions of interrupts that came in between
// are taken off. A function that the compiler has inlined has no calls; tail calls count for the
// caller that was called. Threads that a firmware switches itself are one context here.

#include "board/board.hpp"
#include "board/elf.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace drone::board {

/// How often each number of instructions occurred.
class distribution {
public:
    void add(std::uint64_t value) { ++counts_[value], ++total_, sum_ += value; }

    [[nodiscard]] std::uint64_t total() const { return total_; }
    /// These are 0 when total() is.
    [[nodiscard]] std::uint64_t min() const { return total_ == 0 ? 0 : counts_.begin()->first; }
    [[nodiscard]] std::uint64_t max() const { return total_ == 0 ? 0 : counts_.rbegin()->first; }
    [[nodiscard]] double mean() const;
    /// The least value that `permille` thousandths of all do not exceed.
    [[nodiscard]] std::uint64_t quantile(unsigned permille) const;

private:
    std::map<std::uint64_t, std::uint64_t> counts_;
    std::uint64_t total_ = 0;
    std::uint64_t sum_ = 0;
};

/// Instructions executed at each depth of nested exceptions; depth 0 is thread mode.
class level_clock {
public:
    void enter(std::uint64_t now);
    void leave(std::uint64_t now);
    [[nodiscard]] std::size_t depth() const { return spent_.size() - 1; }
    /// What the level that runs has had so far.
    [[nodiscard]] std::uint64_t own(std::uint64_t now) const {
        return spent_.back() + now - since_;
    }

private:
    std::vector<std::uint64_t> spent_{0};
    std::uint64_t since_ = 0;
};

/// One call, from the function's first instruction to its return.
struct call {
    std::size_t function = 0;                 ///< as call_meter was given it
    std::array<std::uint32_t, 4> arguments{}; ///< r0..r3 at entry
    std::uint32_t result = 0;                 ///< r0 at return
    std::uint32_t caller = 0;                 ///< return address, without the Thumb bit
    unsigned exception = 0;    ///< exception number it ran in, 0 for the main program
    std::uint64_t entered = 0; ///< virtual_board::instructions()
    std::uint64_t returned = 0;
    std::uint64_t instructions = 0; ///< without those of interrupts in between
};

/// Sees every call of some functions, in the order of their returns.
class call_meter : public board_observer {
public:
    using on_return = std::function<void(const call&)>;

    /// `functions` are addresses of first instructions. Observes `board` until the end of both.
    call_meter(virtual_board& board, std::vector<std::uint32_t> functions, on_return tell);

    void reached(virtual_board& board, std::uint32_t address) override;
    void entered_exception(virtual_board& board, unsigned number) override;
    void left_exception(virtual_board& board, unsigned number) override;
    void was_reset(virtual_board& board) override;

private:
    struct open_call {
        call seen;
        std::uint32_t return_address;
        std::uint32_t stack;
        std::size_t depth;
        std::uint64_t own_at_entry;
    };
    void finish_at(virtual_board& board, std::uint32_t address);
    void begin(virtual_board& board, std::size_t function);

    std::vector<std::uint32_t> functions_;
    on_return tell_;
    level_clock clock_;
    std::vector<open_call> open_;
};

/// Measures from one instruction to another, innermost first: a stretch that begins again before it
/// ended is counted from its last beginning. Exceptions in between are taken off.
class stretch_meter : public board_observer {
public:
    stretch_meter(virtual_board& board, std::uint32_t from, std::uint32_t to);

    void reached(virtual_board& board, std::uint32_t address) override;
    void entered_exception(virtual_board& board, unsigned number) override;
    void left_exception(virtual_board& board, unsigned number) override;
    void was_reset(virtual_board& board) override;

    [[nodiscard]] const distribution& counts() const { return counts_; }

private:
    std::uint32_t from_;
    std::uint32_t to_;
    distribution counts_;
    level_clock clock_;
    std::vector<std::optional<std::uint64_t>> begun_{std::nullopt}; // at each depth
};

/// The longest run of instructions executed with PRIMASK set, the one that clears it included.
/// Looks at every instruction: slow.
class mask_meter : public board_observer {
public:
    explicit mask_meter(virtual_board& board);

    void executing(virtual_board& board, std::uint32_t address) override;
    [[nodiscard]] bool wants_every_instruction() const override { return true; }
    void was_reset(virtual_board& board) override;

    [[nodiscard]] std::uint64_t longest() const { return longest_; }
    /// Its first instruction.
    [[nodiscard]] std::uint32_t longest_at() const { return longest_at_; }

private:
    std::optional<std::uint64_t> masked_since_;
    std::uint32_t masked_at_ = 0;
    std::uint64_t longest_ = 0;
    std::uint32_t longest_at_ = 0;
};

} // namespace drone::board

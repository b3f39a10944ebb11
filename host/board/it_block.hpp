// SPDX-License-Identifier: MIT
#pragma once

#include "board/core.hpp"

#include <cstdint>

namespace drone::board {

/// Whether an opcode makes what follows conditional.
constexpr bool is_it(std::uint16_t opcode) {
    return (opcode & 0xFF00U) == 0xBF00U && (opcode & 0xFU) != 0;
}

/// Whether an IT instruction before `address` may reach as far, wherever the code is.
[[nodiscard]] bool may_be_conditional(const core& processor, std::uint32_t address);

/// The IT block that is being executed, if one is (A7.7.37). The core cannot be stopped in it, and
/// Unicorn does not show those of its instructions whose condition fails.
class it_block {
public:
    [[nodiscard]] bool is_open() const { return end_ != 0; }
    /// The IT instruction at `address` is executed.
    void open(const core& processor, std::uint32_t address);
    void close() { end_ = 0; }
    /// The instruction at `address` comes next. Returns how many before it were not shown; they take
    /// a cycle each on a real core too. Closes the block where it does not reach `address`.
    [[nodiscard]] unsigned move_to(const core& processor, std::uint32_t address);
    /// The next instruction is at this address, if its condition holds.
    void expect(std::uint32_t address) { expected_ = address; }

private:
    std::uint32_t expected_ = 0; // the next instruction
    std::uint32_t end_ = 0;      // 0 outside IT blocks
};

} // namespace drone::board

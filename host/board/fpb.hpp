// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace drone::board {

/// The flash patch and breakpoint unit (ARMv7-M C1.11), version 1: six comparators for instruction
/// addresses below 0x20000000. They break; remapping is not there, and the two literal comparators
/// only keep what is written.
class fpb {
public:
    [[nodiscard]] std::uint32_t read(std::uint32_t offset) const;
    void write(std::uint32_t offset, std::uint32_t value);

    /// Addresses of the instructions at which the core is to halt.
    [[nodiscard]] std::vector<std::uint32_t> breakpoints() const;

private:
    static constexpr std::size_t code_comparators = 6;
    static constexpr std::size_t literal_comparators = 2;

    bool enabled_ = false;
    std::array<std::uint32_t, code_comparators + literal_comparators> comparators_{};
};

} // namespace drone::board

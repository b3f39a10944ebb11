// SPDX-License-Identifier: MIT
#pragma once

// What a microcontroller has beside its core, as far as a debugger looks at it or the trace depends
// on it: clocks, the trace pin's function, the debug unit. A chip is data; see chip.cpp.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace drone::board {

class chip_registers;

/// Bits of a register with a value.
struct register_bits {
    std::uint32_t address = 0; ///< 0: none
    std::uint32_t mask = 0;
    std::uint32_t value = 0;
};

/// A register that keeps what is written to it.
struct chip_register {
    std::uint32_t address = 0;
    std::uint32_t reset = 0;
    std::uint32_t writable = 0;     ///< the bits that can be written
    register_bits clock = {};       ///< while it does not hold, the register ignores writes
    std::uint32_t acknowledged = 0; ///< bits of `writable` that are repeated ...
    unsigned acknowledge_shift = 0; ///< ... so many places higher, as a ready bit follows an enable
};

/// A microcontroller.
struct chip {
    std::string_view name;
    std::span<const chip_register> registers; ///< rising addresses
    /// Pages of the address map where registers are, beside those of the core.
    std::span<const std::uint32_t> pages;
    /// What must hold for the trace to leave the chip at its pin.
    std::span<const register_bits> trace_path;
    /// Frequency of the core as the clock registers say. `powered_on` is what they say after a reset.
    std::uint32_t (*core_hz)(const chip_registers& registers, std::uint32_t powered_on);
};

/// An STM32F407VG. Unlike hardware it comes out of reset with its PLL on, at the board's frequency,
/// so that a firmware without clock set-up runs at what the board says.
[[nodiscard]] const chip& stm32f407();

/// The registers of a chip, with what they hold. Copying the object copies its state.
class chip_registers {
public:
    explicit chip_registers(const chip& part = stm32f407());

    /// Nothing where the chip has no such register. Whole words.
    [[nodiscard]] std::optional<std::uint32_t> read(std::uint32_t address) const;
    void write(std::uint32_t address, std::uint32_t value);

    /// A system reset. The debug unit, at 0xE0000000 and above, keeps what it holds.
    void reset();

    /// Whether the trace leaves the chip at its pin.
    [[nodiscard]] bool trace_reaches_pin() const;
    [[nodiscard]] std::uint32_t core_hz(std::uint32_t powered_on) const;

private:
    [[nodiscard]] bool hold(const register_bits& bits) const;

    const chip* part_;
    std::vector<std::uint32_t> values_; // as part_->registers
};

} // namespace drone::board

// SPDX-License-Identifier: MIT
#pragma once

// What a microcontroller has beside its core, as far as a debugger looks at it or the trace depends
// on it: clocks, the trace pin's function, the debug unit, the flash interface. A chip is data; see
// chip.cpp for the registers, stm32f4.cpp, stm32.cpp and nrf52.cpp for the chips.

#include "board/core_model.hpp"
#include "board/flash_controller.hpp"
#include "board/memory_map.hpp"

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

/// Of a register, all that may be written.
inline constexpr std::uint32_t every_bit = 0xFFFF'FFFF;

/// A register that keeps what is written to it.
struct chip_register {
    std::uint32_t address = 0;
    std::uint32_t reset = 0;
    std::uint32_t writable = 0;     ///< the bits that can be written
    register_bits clock = {};       ///< while it does not hold, the register ignores writes
    std::uint32_t acknowledged = 0; ///< bits of `writable` that are repeated ...
    unsigned acknowledge_shift = 0; ///< ... so many places higher, as a ready bit follows an enable
};

/// Addresses from `begin` to `last`.
struct address_range {
    std::uint32_t begin = 0;
    std::uint32_t last = 0;
    [[nodiscard]] constexpr bool has(std::uint32_t address) const {
        return address >= begin && address <= last;
    }
};

/// A way of the debug port to a bus of the chip (a MEM-AP).
struct access_port {
    unsigned number = 0;
    std::uint32_t id = 0x2477'0011;
    address_range reaches{0, 0xFFFF'FFFF};
};
inline constexpr access_port the_only_port[] = {{}};

/// A microcontroller.
struct chip {
    std::string_view name;
    core_model core = core_model::m4;
    std::uint32_t default_hz = 0; ///< of the core after a reset
    std::uint32_t swd_id = 0x2BA0'1477;
    std::span<const access_port> access_ports = the_only_port;

    std::span<const chip_register> registers; ///< rising addresses
    /// Pages of the address map where registers are, beside those of the core.
    std::span<const std::uint32_t> pages;
    bool has_timers = true; ///< TIM2 and TIM3 of an STM32
    /// Registers that a system reset leaves alone.
    address_range debug_domain{0xE000'0000, 0xFFFF'FFFF};
    flash_layout flash = {};

    /// The unit that drives the pin: a TPIU, or a block for SWO alone.
    std::uint32_t trace_port = tpiu_base;
    bool is_swo_alone = false;
    /// What must hold for the trace to leave the chip at its pin.
    std::span<const register_bits> trace_path;
    /// CoreSight components that refuse writes of the core until their lock is opened, by page.
    std::span<const std::uint32_t> locked = {};
    /// Where a debugger has the components that the core has at `debug_domain.begin`, unlocked.
    address_range external = {1, 0};

    /// Frequency of the core as the clock registers say. `powered_on` is what they say after a
    /// reset. Null: always that.
    std::uint32_t (*core_hz)(const chip_registers& registers, std::uint32_t powered_on) = nullptr;
    /// What the trace port divides. Null: the core's clock.
    std::uint32_t (*trace_hz)(const chip_registers& registers) = nullptr;
};

/// An STM32F407VG. Unlike hardware it comes out of reset with its PLL on, at the board's frequency,
/// so that a firmware without clock set-up runs at what the board says.
[[nodiscard]] const chip& stm32f407();

/// All chips, the STM32F407 first.
[[nodiscard]] std::span<const chip* const> all_chips();
/// The chip of that name, or null.
[[nodiscard]] const chip* find_chip(std::string_view name);

/// The registers of a chip, with what they hold. Copying the object copies its state.
class chip_registers {
public:
    explicit chip_registers(const chip& part = stm32f407());

    /// Nothing where the chip has no such register. Whole words.
    [[nodiscard]] std::optional<std::uint32_t> read(std::uint32_t address) const;
    void write(std::uint32_t address, std::uint32_t value);

    /// The lock of CoreSight components (LAR, LSR): takes the write if it is to a lock, or to
    /// something that is locked.
    [[nodiscard]] bool lock_takes(std::uint32_t address, std::uint32_t value);

    /// A system reset. The debug unit keeps what it holds.
    void reset();

    /// Whether the trace leaves the chip at its pin.
    [[nodiscard]] bool trace_reaches_pin() const;
    [[nodiscard]] std::uint32_t core_hz(std::uint32_t powered_on) const;
    /// What the trace port divides.
    [[nodiscard]] std::uint32_t trace_hz(std::uint32_t powered_on) const;

private:
    [[nodiscard]] bool hold(const register_bits& bits) const;
    [[nodiscard]] std::optional<std::size_t> lock_of(std::uint32_t address) const;

    const chip* part_;
    std::vector<std::uint32_t> values_; // as part_->registers
    std::vector<bool> opened_;          // as part_->locked
};

} // namespace drone::board

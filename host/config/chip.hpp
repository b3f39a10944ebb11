// SPDX-License-Identifier: MIT
#pragma once

// What is known of a chip, by the tool (chips.toml) or by a project (Drone.toml: [memory], [chip]).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace drone::config {

/// A memory of the chip, as the linker script sees it.
struct region {
    std::uint32_t origin = 0;
    std::uint32_t size = 0; ///< bytes, positive
};

/// `[memory]`. No two of its regions overlap.
struct memory {
    region flash;
    region ram; ///< data and stack
    /// Any other RAM by its name, such as "ccm": the linker puts the section .ccm there.
    std::vector<std::pair<std::string, region>> more{};
    std::optional<std::uint32_t> stack{}; ///< bytes of RAM that the linker keeps free for it
};

/// Bits of a register that a debugger sets and clears.
struct register_write {
    std::uint32_t address;
    std::uint32_t set;
    std::uint32_t clear;
};

/// What a core's floating-point unit computes.
enum class fpu : std::uint8_t { none, single_precision, double_precision };

/// What the core of that name usually has.
[[nodiscard]] fpu usual_fpu(std::string_view core) noexcept;

inline constexpr std::uint32_t usual_interrupts = 96;

/// A chip. A text is empty and a frequency 0 where nothing is known.
struct chip {
    std::string part;   ///< as its maker prints it: "STM32F446RE"
    std::string core{}; ///< as GCC names it: "cortex-m4"
    config::fpu fpu = config::fpu::none;
    std::uint32_t interrupts =
        usual_interrupts;                       ///< entries in the vector table after the core's 16
    config::memory memory{};                    ///< size 0: unknown
    std::uint32_t clock = 0;                    ///< Hz, of the core after reset
    std::uint32_t trace_clock = 0;              ///< Hz, what the trace port divides after reset
    std::uint32_t baud = 2'000'000;             ///< of SWO with that clock
    std::string carrier = "rtt";                ///< one of carriers: how the log leaves the chip
    std::string trace_pin{};                    ///< where SWO comes out
    std::vector<register_write> trace_writes{}; ///< that OpenOCD's file leaves to do for that pin
    std::string openocd{};                      ///< target/NAME.cfg
    std::string jlink{};
    std::string pyocd{};
    std::string probe_rs{};
    std::string not_made{}; ///< why `drone new` makes no project for it; empty: it does
    std::string proved{};   ///< what was run on what
};

inline constexpr std::string_view carriers[] = {"swo", "rtt", "uart"};

} // namespace drone::config

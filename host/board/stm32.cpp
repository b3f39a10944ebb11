// SPDX-License-Identifier: MIT

// STM32s that differ from the STM32F407 in what a debugger must do for the trace, and in their flash
// interface. The makers' reference manuals are named at each.

#include "board/chips.hpp"

#include <array>

namespace drone::board {
namespace {

constexpr std::uint32_t kib = 1024;

// Offsets of a GPIO port. PB3 is the trace pin: alternate function 0.
constexpr std::uint32_t function_low = 0x20;
constexpr register_bits pin_mode(std::uint32_t port) { return {port, 3U << 6U, 2U << 6U}; }
constexpr register_bits pin_function(std::uint32_t port) {
    return {port + function_low, 0xFU << 12U, 0};
}

/// The pin's registers: a port ignores writes without its clock.
constexpr chip_register mode_register(std::uint32_t port, register_bits clock) {
    return {.address = port, .reset = 0xFFFF'FEBF, .writable = every_bit, .clock = clock};
}
constexpr chip_register function_register(std::uint32_t port, register_bits clock) {
    return {.address = port + function_low, .writable = every_bit, .clock = clock};
}

/// What the trace of an STM32 hangs on, with DBGMCU_CR of most of them.
constexpr std::array<register_bits, 3> trace_path(std::uint32_t control, std::uint32_t port) {
    return {register_bits{control, 0xE0, 0x20}, pin_mode(port), pin_function(port)};
}

constexpr std::uint32_t dbgmcu = 0xE004'2000;
constexpr std::uint32_t dbgmcu_control = dbgmcu + 4;

} // namespace

// STM32F103xB (RM0008; flash: PM0075). Its pin needs no function: TRACE_IOEN takes it from JTAG.
const chip& stm32f103() {
    static constexpr std::array registers{
        chip_register{.address = 0x1FFF'F7E0, .reset = 0xFFFF'0080}, // 128 KiB
        chip_register{.address = dbgmcu, .reset = 0x2003'6410},
        chip_register{.address = dbgmcu_control, .writable = 0x007F'FFE7},
    };
    static constexpr std::array<std::uint32_t, 3> pages{0x1FFF'F000, 0x4002'2000, dbgmcu};
    static constexpr std::array path{register_bits{dbgmcu_control, 0xE0, 0x20}};
    static constexpr chip part{
        .name = "stm32f103",
        .core = core_model::m3,
        .default_hz = 72'000'000,
        .swd_id = 0x1BA0'1477,
        .registers = registers,
        .pages = pages,
        .flash =
            {.base = 0x4002'2000,
             .bytes = 0x400,
             .keys = 0x04,
             .status = 0x0C,
             .control = 0x10,
             .address = 0x14,
             .program = 1U << 0U,
             .erase = 1U << 1U,
             .erase_all = 1U << 2U,
             .start = 1U << 6U,
             .lock = 1U << 7U,
             .writable = 0x1637,
             .page_bytes = 1 * kib,
             .options = 0x1C,
             .options_value = 0x03FF'FFFC},
        .trace_path = path,
    };
    return part;
}

namespace {

/// The flash interface of the STM32L4 and G4 (RM0351 3.7, RM0440 5.7).
constexpr flash_layout l4_flash(std::uint32_t bank_bytes) {
    return {
        .base = 0x4002'2000,
        .bytes = 0x400,
        .keys = 0x08,
        .status = 0x10,
        .control = 0x14,
        .program = 1U << 0U,
        .erase = 1U << 1U,
        .erase_all = 1U << 2U | 1U << 15U,
        .start = 1U << 16U,
        .lock = 1U << 31U,
        .writable = 0xCF05'8FFF,
        .number_shift = 3,
        .number_mask = 0xFF,
        .second_bank = 1U << 11U,
        .bank_bytes = bank_bytes,
        .page_bytes = 2 * kib,
        .options = 0x20,
        .options_value = 0xFFEF'F8AA, // two banks
    };
}

constexpr std::uint32_t l4_port_b = 0x4800'0400;
constexpr std::uint32_t l4_port_clocks = 0x4002'104C;

constexpr auto l4_registers(std::uint32_t identity, std::uint32_t flash_kib) {
    constexpr register_bits clock{l4_port_clocks, 2, 2};
    return std::array{
        chip_register{.address = 0x1FFF'75E0, .reset = 0xFFFF'0000 | flash_kib},
        chip_register{.address = l4_port_clocks, .writable = every_bit},
        mode_register(l4_port_b, clock),
        function_register(l4_port_b, clock),
        chip_register{.address = dbgmcu, .reset = identity},
        chip_register{.address = dbgmcu_control, .writable = 0xE7},
        chip_register{.address = dbgmcu + 8, .writable = every_bit},
    };
}

constexpr std::array<std::uint32_t, 5> l4_pages{
    0x1FFF'7000, 0x4002'1000, 0x4002'2000, 0x4800'0000, dbgmcu
};
constexpr auto l4_path = trace_path(dbgmcu_control, l4_port_b);

} // namespace

const chip& stm32l476() {
    static constexpr auto registers = l4_registers(0x1007'6415, 1024);
    static constexpr chip part{
        .name = "stm32l476",
        .default_hz = 80'000'000,
        .registers = registers,
        .pages = l4_pages,
        .flash = l4_flash(512 * kib),
        .trace_path = l4_path,
    };
    return part;
}

const chip& stm32g474() {
    static constexpr auto registers = l4_registers(0x2003'6469, 512);
    static constexpr chip part{
        .name = "stm32g474",
        .default_hz = 170'000'000,
        .registers = registers,
        .pages = l4_pages,
        .flash = l4_flash(256 * kib),
        .trace_path = l4_path,
    };
    return part;
}

// STM32U575xG (RM0456), without TrustZone.
const chip& stm32u575() {
    constexpr std::uint32_t debug = 0xE004'4000;
    constexpr std::uint32_t port_b = 0x4202'0400;
    constexpr std::uint32_t port_clocks = 0x4602'0C8C;
    static constexpr register_bits clock{port_clocks, 2, 2};
    static constexpr std::array registers{
        chip_register{.address = 0x0BFA'07A0, .reset = 0xFFFF'0400}, // 1 MiB
        mode_register(port_b, clock),
        function_register(port_b, clock),
        // What OpenOCD waits for when it sets the clock at `reset init`: VOSRDY, BOOSTRDY, PLL1RDY, SWS.
        chip_register{.address = 0x4602'080C, .reset = 0xC000, .writable = 0x0007'0000},
        chip_register{
            .address = 0x4602'0C00,
            .writable = 1U << 24U,
            .acknowledged = 1U << 24U,
            .acknowledge_shift = 1
        },
        chip_register{
            .address = 0x4602'0C1C, .writable = 3, .acknowledged = 3, .acknowledge_shift = 2
        },
        chip_register{.address = port_clocks, .writable = every_bit},
        chip_register{.address = debug, .reset = 0x3001'6482},
        chip_register{.address = debug + 4, .writable = 0xF6},
        chip_register{.address = debug + 8, .writable = every_bit},
    };
    static constexpr std::array<std::uint32_t, 5> pages{
        0x0BFA'0000, 0x4002'2000, 0x4202'0000, 0x4602'0000, debug
    };
    static constexpr std::array path{
        register_bits{debug + 4, 0xF0, 0x30}, // TRACE_IOEN, TRACE_EN, asynchronous
        pin_mode(port_b),
        pin_function(port_b),
    };
    static constexpr chip part{
        .name = "stm32u575",
        .core = core_model::m33,
        .default_hz = 160'000'000,
        .swd_id = 0x0BE1'2477,
        .registers = registers,
        .pages = pages,
        .flash =
            {.base = 0x4002'2000,
             .bytes = 0x400,
             .keys = 0x08,
             .status = 0x20,
             .control = 0x28,
             .program = 1U << 0U,
             .erase = 1U << 1U,
             .erase_all = 1U << 2U | 1U << 15U,
             .start = 1U << 16U,
             .lock = 1U << 31U,
             .writable = 0x8301'CFFF,
             .number_shift = 3,
             .number_mask = 0x7F,
             .second_bank = 1U << 11U,
             .bank_bytes = 512 * kib,
             .page_bytes = 8 * kib,
             .options = 0x40,
             .options_value = 0x1FEF'F8AA}, // two banks, no TrustZone
        .trace_path = path,
    };
    return part;
}

// STM32H743 (RM0433 60). Its trace leaves through a block for SWO after a funnel, on a bus of its own
// that a debugger reaches through access port 2.
const chip& stm32h743() {
    constexpr std::uint32_t identity = 0x5C00'1000;
    constexpr std::uint32_t control = identity + 4;
    constexpr std::uint32_t swo = 0x5C00'3000;
    constexpr std::uint32_t funnel = 0x5C00'4000;
    constexpr std::uint32_t port_b = 0x5802'0400;
    constexpr std::uint32_t port_clocks = 0x5802'44E0;
    static constexpr register_bits clock{port_clocks, 2, 2};
    static constexpr std::array ports{
        access_port{.number = 0, .id = 0x8477'0001, .reaches = {0, 0xE00D'FFFF}},
        access_port{.number = 2, .id = 0x5477'0002, .reaches = {0xE00E'0000, 0xE00F'FFFF}},
    };
    static constexpr std::array registers{
        chip_register{.address = 0x1FF1'E880, .reset = 0xFFFF'0800}, // 2 MiB, half of it is there
        mode_register(port_b, clock),
        function_register(port_b, clock),
        chip_register{.address = port_clocks, .writable = every_bit},
        chip_register{.address = identity, .reset = 0x2003'6450},
        chip_register{.address = control, .writable = 0x1070'01BF},
        chip_register{.address = identity + 0x34, .writable = every_bit},
        chip_register{.address = identity + 0x3C, .writable = every_bit},
        chip_register{.address = identity + 0x54, .writable = every_bit},
        chip_register{.address = funnel, .reset = 0x300, .writable = 0xF03},
    };
    static constexpr std::array<std::uint32_t, 6> pages{
        0x1FF1'E000, 0x5200'2000, 0x5802'0000, 0x5802'4000, identity, funnel
    };
    static constexpr std::array path{
        register_bits{control, 7U << 20U, 7U << 20U}, // TRACECLKEN, D1DBGCKEN, D3DBGCKEN
        register_bits{funnel, 1, 1},
        pin_mode(port_b),
        pin_function(port_b),
    };
    static constexpr std::array<std::uint32_t, 2> locked{swo, funnel};
    static constexpr chip part{
        .name = "stm32h743",
        .core = core_model::m7,
        .default_hz = 400'000'000,
        .swd_id = 0x6BA0'2477,
        .access_ports = ports,
        .registers = registers,
        .pages = pages,
        .debug_domain = {0x5C00'0000, 0x5C01'FFFF},
        .flash =
            {.base = 0x5200'2000,
             .bytes = 0x100,
             .keys = 0x04,
             .status = 0x10,
             .clear = 0x14,
             .control = 0x0C,
             .program = 1U << 1U,
             .erase = 1U << 2U,
             .erase_all = 1U << 3U,
             .start = 1U << 7U,
             .lock = 1U << 0U,
             .writable = 0x0FFF'8FFF,
             .number_shift = 8,
             .number_mask = 7,
             .page_bytes = 128 * kib,
             .options = 0x1C,
             .options_value = 0x0BAA'AAF0},
        .trace_port = swo,
        .is_swo_alone = true,
        .trace_path = path,
        .locked = locked,
        .external = {0xE00E'0000, 0xE00F'FFFF},
    };
    return part;
}

} // namespace drone::board

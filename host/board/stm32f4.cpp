// SPDX-License-Identifier: MIT

// The STM32F407.

#include "board/chip.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace drone::board {
namespace {

// STM32F405/407 reference manual, RM0090.
namespace f4 {

constexpr std::uint32_t gpio = 0x4002'0000; // port A, and each further one 0x400 higher
constexpr std::uint32_t rcc = 0x4002'3800;
constexpr std::uint32_t rcc_cr = rcc + 0x00;
constexpr std::uint32_t rcc_pllcfgr = rcc + 0x04;
constexpr std::uint32_t rcc_cfgr = rcc + 0x08;
constexpr std::uint32_t rcc_ahb1enr = rcc + 0x30;
constexpr std::uint32_t dbgmcu = 0xE004'2000;
constexpr std::uint32_t usart2 = 0x4000'4400;   // that sends nothing
constexpr std::uint32_t identity = 0x1FFF'7A10; // unique ID, then the size of the flash

constexpr std::uint32_t port_b = gpio + 0x400;
constexpr std::uint32_t moder = 0x00;
constexpr std::uint32_t afrl = 0x20;

// A crystal of 8 MHz, the PLL on and in use: 8 / M * N / P.
constexpr std::uint32_t crystal_hz = 8'000'000;
constexpr std::uint32_t internal_hz = 16'000'000;
constexpr std::uint32_t pllcfgr_reset = 0x0740'5408; // HSE, M 8, N 336, P 2, Q 7

constexpr std::size_t ports = 5;
constexpr std::size_t port_registers = 7;

constexpr auto make_ports() {
    struct {
        std::uint32_t offset;
        std::uint32_t writable;
    } constexpr each[port_registers]{
        {moder, every_bit},
        {0x04, 0xFFFF},
        {0x08, every_bit},
        {0x0C, every_bit},
        {0x14, 0xFFFF},
        {afrl, every_bit},
        {0x24, every_bit},
    };
    std::array<chip_register, ports * port_registers> made{};
    for (std::size_t port = 0; port < ports; ++port) {
        for (std::size_t i = 0; i < port_registers; ++i) {
            chip_register& one = made[port * port_registers + i];
            one.address = gpio + static_cast<std::uint32_t>(port) * 0x400U + each[i].offset;
            one.writable = each[i].writable;
            one.clock = {rcc_ahb1enr, 1U << port, 1U << port};
        }
    }
    // The debug port's pins are its own after a reset (8.4.1); PB3 is JTDO and SWO.
    made[0].reset = 0xA800'0000;
    made[3].reset = 0x6400'0000;
    made[port_registers].reset = 0x0000'0280;
    made[port_registers + 2].reset = 0x0000'00C0;
    made[port_registers + 3].reset = 0x0000'0100;
    return made;
}

constexpr auto make_registers() {
    constexpr std::array before{
        chip_register{.address = identity, .reset = 0x0042'0031},
        chip_register{.address = identity + 4, .reset = 0x3432'5104},
        chip_register{.address = identity + 8, .reset = 0x3336'3532},
        chip_register{.address = identity + 0x10, .reset = 0x0400'FFFF}, // 1,024 KiB at 0x1FFF7A22
        chip_register{.address = usart2 + 0x08, .writable = 0xFFFF},     // BRR
        chip_register{.address = usart2 + 0x0C, .writable = 0xBFFF},     // CR1
    };
    constexpr auto gpios = make_ports();
    constexpr std::array after{
        chip_register{
            .address = rcc_cr,
            .reset = 0x0303'0083,
            .writable = 0x050D'00F9,
            .acknowledged = 0x0501'0001, // HSION, HSEON, PLLON, PLLI2SON
            .acknowledge_shift = 1,
        },
        chip_register{.address = rcc_pllcfgr, .reset = pllcfgr_reset, .writable = 0x0F43'7FFF},
        chip_register{
            .address = rcc_cfgr,
            .reset = 0x0000'940A,
            .writable = 0xFFFF'FCF3,
            .acknowledged = 3, // SW to SWS
            .acknowledge_shift = 2,
        },
        chip_register{.address = rcc_ahb1enr, .reset = 0x0010'0000, .writable = 0x7E7F'91FF},
        chip_register{.address = rcc + 0x34, .writable = 0xF1},
        chip_register{.address = rcc + 0x40, .writable = 0x36FE'C9FF},
        chip_register{.address = rcc + 0x44, .writable = 0x0007'5F33},
        chip_register{.address = dbgmcu, .reset = 0x1007'6413},
        chip_register{.address = dbgmcu + 0x04, .writable = 0xE7},
        chip_register{.address = dbgmcu + 0x08, .writable = 0x06E0'1DFF},
        chip_register{.address = dbgmcu + 0x0C, .writable = 0x0007'0003},
    };
    std::array<chip_register, before.size() + gpios.size() + after.size()> made{};
    auto end = std::ranges::copy(before, made.begin()).out;
    end = std::ranges::copy(gpios, end).out;
    std::ranges::copy(after, end);
    return made;
}

constexpr auto registers = make_registers();
static_assert(std::ranges::is_sorted(registers, {}, &chip_register::address));

constexpr std::array<std::uint32_t, 6> pages{
    0x1FFF'7000, 0x4000'4000, gpio, gpio + 0x1000, 0x4002'3000, dbgmcu
};

constexpr std::array trace_path{
    register_bits{dbgmcu + 0x04, 0xE0, 0x20},          // TRACE_IOEN, asynchronous
    register_bits{port_b + moder, 3U << 6U, 2U << 6U}, // PB3: alternate function ...
    register_bits{port_b + afrl, 0xFU << 12U, 0},      // ... 0
};

std::uint32_t core_hz(const chip_registers& at, std::uint32_t powered_on) {
    const std::uint32_t cfgr = at.read(rcc_cfgr).value_or(0);
    const std::uint32_t pll = at.read(rcc_pllcfgr).value_or(0);
    std::uint32_t source = internal_hz;
    switch (cfgr >> 2U & 3U) {
    case 0:
        break;
    case 1:
        source = crystal_hz;
        break;
    default: {
        const std::uint32_t input = (pll & 1U << 22U) != 0 ? crystal_hz : internal_hz;
        const std::uint32_t divided = input / std::max(pll & 0x3FU, 1U);
        const std::uint32_t oscillator = divided * (pll >> 6U & 0x1FFU);
        source = pll == pllcfgr_reset ? powered_on : oscillator / (2U * ((pll >> 16U & 3U) + 1U));
    }
    }
    constexpr std::array<unsigned, 8> prescaler_shift{1, 2, 3, 4, 6, 7, 8, 9};
    const std::uint32_t prescaler = cfgr >> 4U & 0xFU;
    return prescaler < 8 ? source : source >> prescaler_shift[prescaler - 8];
}

} // namespace f4
} // namespace

const chip& stm32f407() {
    static constexpr chip part{
        .name = "stm32f407",
        .default_hz = default_cpu_hz,
        .registers = f4::registers,
        .pages = f4::pages,
        .flash =
            {.base = 0x4002'3C00,
             .bytes = 0x400,
             .keys = 0x04,
             .status = 0x0C,
             .control = 0x10,
             .program = 1U << 0U,
             .erase = 1U << 1U,
             .erase_all = 1U << 2U,
             .start = 1U << 16U,
             .lock = 1U << 31U,
             .writable = 0x8300'837F,
             .number_shift = 3,
             .number_mask = 0xF,
             .options = 0x14,
             .options_value = 0x0FFF'AAED},
        .trace_path = f4::trace_path,
        .core_hz = &f4::core_hz,
    };
    return part;
}

} // namespace drone::board

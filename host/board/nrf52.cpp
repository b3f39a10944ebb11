// SPDX-License-Identifier: MIT

// The nRF52840 (product specification 1.7). Its flash is at 0, where the board shows its flash, too.

#include "board/chips.hpp"

#include <array>

namespace drone::board {
namespace {

constexpr std::uint32_t trace_config = 0x4000'055C; // TRACECONFIG, in the CLOCK peripheral
constexpr std::uint32_t pin_p1_00 = 0x5000'0A00;    // PIN_CNF

// TRACEPORTSPEED
std::uint32_t trace_hz(const chip_registers& at) {
    return 32'000'000U >> (at.read(trace_config).value_or(0) & 3U);
}

} // namespace

const chip& nrf52840() {
    static constexpr std::array registers{
        chip_register{.address = 0x1000'0010, .reset = 4096},        // CODEPAGESIZE
        chip_register{.address = 0x1000'0014, .reset = 256},         // CODESIZE
        chip_register{.address = 0x1000'0060, .reset = 0x1F2E'3D4C}, // DEVICEID
        chip_register{.address = 0x1000'0064, .reset = 0x5B6A'7988},
        chip_register{.address = 0x1000'0100, .reset = 0x0005'2840}, // INFO.PART
        chip_register{.address = 0x1000'0104, .reset = 0x4141'4330}, // "AAC0"
        chip_register{.address = 0x1000'0108, .reset = 0x2004},      // a QFN73
        chip_register{.address = 0x1000'010C, .reset = 256},         // KiB of RAM
        chip_register{.address = 0x1000'0110, .reset = 1024},        // KiB of flash
        chip_register{.address = 0x1000'1208, .reset = 0xFFFF'FFFF}, // APPROTECT
        chip_register{.address = trace_config, .writable = 0x0003'0003},
        chip_register{.address = pin_p1_00, .reset = 2, .writable = 0x0003'070F},
    };
    static constexpr std::array<std::uint32_t, 6> pages{
        0x1000'0000,
        0x1000'1000,
        0x4000'0000,
        0x4001'0000, // the watchdog, which OpenOCD's flash routine feeds
        0x4001'E000,
        0x5000'0000,
    };
    static constexpr std::array path{
        register_bits{trace_config, 3U << 16U, 1U << 16U}, // TRACEMUX: Serial
        register_bits{pin_p1_00, 1, 1},                    // an output
    };
    static constexpr chip part{
        .name = "nrf52840",
        .default_hz = 64'000'000,
        .registers = registers,
        .pages = pages,
        .has_timers = false,
        .debug_domain = {trace_config, trace_config}, // it is retained
        .flash = {.base = 0x4001'E000, .bytes = 0x1000, .is_nordic = true, .program = 1U << 0U},
        .trace_path = path,
        .trace_hz = &trace_hz,
    };
    return part;
}

} // namespace drone::board

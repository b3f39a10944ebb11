// SPDX-License-Identifier: MIT
#pragma once

// What an ST-Link's debug commands are made of, for the files that carry them out.

#include "base/bytes.hpp"
#include "board/stlink_probe.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace drone::board {

namespace stlink {

// Second byte of a debug command.
enum : std::uint8_t {
    read_memory_32 = 0x07,
    write_memory_32 = 0x08,
    read_memory_8 = 0x0C,
    write_memory_8 = 0x0D,
    leave = 0x21,
    enter = 0x30,
    read_ids = 0x31,
    reset_system = 0x32,
    read_register = 0x33,
    write_register = 0x34,
    write_debug_register = 0x35,
    read_debug_register = 0x36,
    last_status = 0x3B,
    drive_reset = 0x3C,
    last_status_2 = 0x3E,
    start_trace = 0x40,
    stop_trace = 0x41,
    count_trace = 0x42,
    set_swd_divider = 0x43,
    set_jtag_divider = 0x44,
    read_port_register = 0x45,
    write_port_register = 0x46,
    read_memory_16 = 0x47,
    write_memory_16 = 0x48,
    open_access_port = 0x4B,
    close_access_port = 0x4C,
    write_memory_32_fixed = 0x50,
    run_mixed_items = 0x51,
    read_mixed_results = 0x52,
    read_memory_32_fixed = 0x54,
    set_frequency = 0x61,
    get_frequencies = 0x62,
};

constexpr std::uint8_t status_ok = 0x80;
constexpr std::uint8_t status_fault = 0x11;
constexpr std::uint8_t status_no_access_port = 0x1D;

/// Puts a number where there is room for it; the host decides how long an answer is.
template <class Number>
void put(std::span<std::uint8_t> answer, std::size_t at, Number number) {
    const auto bytes = base::store_le(number);
    if (answer.size() >= at + bytes.size())
        std::ranges::copy(bytes, answer.begin() + static_cast<std::ptrdiff_t>(at));
}

} // namespace stlink

/// What comes after the two bytes that name a debug command.
struct stlink_probe::parameters {
    std::span<const std::uint8_t, command_bytes> whole;

    [[nodiscard]] std::uint8_t name() const { return whole[1]; }
    [[nodiscard]] std::uint8_t byte(std::size_t at) const { return whole[at]; }
    [[nodiscard]] std::uint16_t half(std::size_t at) const {
        return base::load_le<std::uint16_t>(&whole[at]);
    }
    [[nodiscard]] std::uint32_t word(std::size_t at) const {
        return base::load_le<std::uint32_t>(&whole[at]);
    }
};

} // namespace drone::board

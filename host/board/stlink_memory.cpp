// SPDX-License-Identifier: MIT

// The ST-Link's commands for memory, and for registers of the core and of the debug port.

#include "board/memory_map.hpp"
#include "board/stlink_commands.hpp"

#include <algorithm>
#include <array>

namespace drone::board {
namespace {

using namespace stlink;

constexpr std::uint16_t the_debug_port = 0xFFFF;

constexpr std::uint32_t dcrsr = scs_base + 0xDF4;
constexpr std::uint32_t dcrdr = scs_base + 0xDF8;
constexpr std::uint32_t register_write = 1U << 16U;

} // namespace

bool stlink_probe::register_command(const parameters& p, std::span<std::uint8_t> answer) {
    switch (p.name()) {
    case read_port_register:
        put(answer, 4, read_port(p));
        put(answer, 0, status_ok);
        return true;
    case write_port_register:
        write_port(p);
        put(answer, 0, status_ok);
        return true;
    case read_debug_register:
        put(answer, 4, read_word(p.word(2)));
        break;
    case write_debug_register:
        write_word(p.word(2), p.word(6));
        break;
    case read_register:
        put(answer, 4, read_core_register(p.byte(2)));
        break;
    case write_register:
        write_core_register(p.byte(2), p.word(3));
        break;
    case last_status:
        break;
    case last_status_2:
        put(answer, 4, faulting_address_);
        break;
    default:
        return false;
    }
    put(answer, 0, status_);
    return true;
}

bool stlink_probe::memory_command(
    const parameters& p, std::span<const std::uint8_t> sent, std::span<std::uint8_t> answer
) {
    switch (p.name()) {
    case read_memory_32:
        read_memory(p, 4, true, answer);
        break;
    case read_memory_32_fixed:
        read_memory(p, 4, false, answer);
        break;
    case read_memory_16:
        read_memory(p, 2, true, answer);
        break;
    case read_memory_8:
        read_memory(p, 1, true, answer);
        break;
    case write_memory_32:
        write_memory(p, 4, true, sent);
        break;
    case write_memory_32_fixed:
        write_memory(p, 4, false, sent);
        break;
    case write_memory_16:
        write_memory(p, 2, true, sent);
        break;
    case write_memory_8:
        write_memory(p, 1, true, sent);
        break;
    case run_mixed_items:
        run_mixed(p.word(2), sent);
        break;
    case read_mixed_results:
        std::copy_n(mixed_.begin(), std::min(mixed_.size(), answer.size()), answer.begin());
        break;
    default:
        return false;
    }
    return true;
}

/// Memory commands: u32 address at 2, u16 bytes at 6, u8 access port at 8.
void stlink_probe::read_memory(
    const parameters& p, unsigned unit, bool increments, std::span<std::uint8_t> answer
) {
    const std::size_t bytes = std::min<std::size_t>(p.half(6), answer.size());
    const unsigned port = p.byte(8);
    if (!port_.has_access_port(port)) return note(false);
    note(port_.read_memory(port, {p.word(2), unit, increments}, answer.first(bytes)), port);
}

void stlink_probe::write_memory(
    const parameters& p, unsigned unit, bool increments, std::span<const std::uint8_t> sent
) {
    const std::size_t bytes = std::min<std::size_t>(p.half(6), sent.size());
    const unsigned port = p.byte(8);
    if (!port_.has_access_port(port)) return note(false);
    note(port_.write_memory(port, {p.word(2), unit, increments}, sent.first(bytes)), port);
}

/// A list of single accesses: a byte each says what, filled up to words, then a word for each.
void stlink_probe::run_mixed(std::uint32_t items, std::span<const std::uint8_t> sent) {
    enum item : std::uint8_t { at = 1, write = 2, read = 3, access_port = 5 };
    mixed_.clear();
    const std::size_t values = (std::size_t{items} + 3) / 4 * 4;
    if (sent.size() < values + std::size_t{4} * items) return note(false);
    mixed_.assign(std::size_t{8} * items, 0);
    std::uint32_t address = 0;
    unsigned port = 0;
    for (std::size_t i = 0; i < items; ++i) {
        const auto value = base::load_le<std::uint32_t>(&sent[values + 4 * i]);
        std::uint32_t answer = 0;
        note(true);
        switch (sent[i]) {
        case at:
            address = value;
            break;
        case write:
            write_word(address, value, port);
            break;
        case read:
            answer = read_word(value, port);
            break;
        case access_port:
            note(port_.has_access_port(value));
            if (port_.has_access_port(value)) port = value;
            break;
        default:
            note(false);
        }
        put(std::span(mixed_), 4 * i, answer);
        put(std::span(mixed_), 4 * (items + i), std::uint32_t{status_});
    }
}

std::uint32_t stlink_probe::read_port(const parameters& p) {
    const std::uint16_t offset = p.half(4);
    if (p.half(2) == the_debug_port) {
        if (offset == 0) return uses_jtag_ ? debug_port::jtag_id : port_.swd_id();
        return port_.read(offset);
    }
    return port_.has_access_port(p.half(2)) ? port_.read_access_port(p.half(2), offset) : 0U;
}

void stlink_probe::write_port(const parameters& p) {
    if (p.half(2) == the_debug_port)
        port_.write(p.half(4), p.word(6));
    else if (port_.has_access_port(p.half(2)))
        port_.write_access_port(p.half(2), p.half(4), p.word(6));
}

std::uint32_t stlink_probe::read_core_register(std::uint32_t selector) {
    write_word(dcrsr, selector);
    return read_word(dcrdr);
}

void stlink_probe::write_core_register(std::uint32_t selector, std::uint32_t value) {
    write_word(dcrdr, value);
    write_word(dcrsr, selector | register_write);
}

std::uint32_t stlink_probe::read_word(std::uint32_t address, unsigned port) {
    std::array<std::uint8_t, 4> bytes{};
    note(port_.read_memory(port, {.address = address}, bytes), port);
    return base::load_le<std::uint32_t>(bytes.data());
}

void stlink_probe::write_word(std::uint32_t address, std::uint32_t value, unsigned port) {
    note(port_.write_memory(port, {.address = address}, base::store_le(value)), port);
}

void stlink_probe::note(bool done, unsigned port) {
    status_ = done ? status_ok : status_fault;
    faulting_address_ = done ? 0 : port_.transfer_address(port);
}

} // namespace drone::board

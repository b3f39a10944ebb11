// SPDX-License-Identifier: MIT

#include "board/stlink_probe.hpp"

#include "base/bytes.hpp"
#include "board/memory_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace drone::board {
namespace {

// First byte of a command.
enum : std::uint8_t {
    get_version = 0xF1,
    debug = 0xF2,
    dfu = 0xF3,
    get_mode = 0xF5,
    get_voltage = 0xF7,
    get_version_v3 = 0xFB,
};

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

constexpr std::uint8_t enter_jtag = 0xA4;
constexpr std::uint8_t enter_jtag_reset = 0x00;
constexpr std::uint16_t the_debug_port = 0xFFFF;

constexpr std::uint32_t aircr = scs_base + 0xD0C;
constexpr std::uint32_t dcrsr = scs_base + 0xDF4;
constexpr std::uint32_t dcrdr = scs_base + 0xDF8;
constexpr std::uint32_t request_reset = 0x05FA'0004;
constexpr std::uint32_t register_write = 1U << 16U;

// 2.4 V * 2047 / 1489 = 3.3 V
constexpr std::uint32_t voltage_reference = 1489;
constexpr std::uint32_t voltage_measured = 2047;

/// Puts a number where there is room for it; the host decides how long an answer is.
template <class Number>
void put(std::span<std::uint8_t> answer, std::size_t at, Number number) {
    const auto bytes = base::store_le(number);
    if (answer.size() >= at + bytes.size())
        std::ranges::copy(bytes, answer.begin() + static_cast<std::ptrdiff_t>(at));
}

} // namespace

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

result<stlink_version> parse_stlink_version(std::string_view text) {
    stlink_version made;
    const std::string_view wanted = "give V2J and a number, or V3J and a number, such as V2J40";
    const std::string_view number = text.size() > 3 ? text.substr(3) : std::string_view();
    const auto [end, problem] =
        std::from_chars(number.data(), number.data() + number.size(), made.jtag);
    const bool named = text.starts_with("V2J") || text.starts_with("V3J");
    if (!named || problem != std::errc() || end != number.data() + number.size() || made.jtag > 63)
        return fail(fmt::format("{}: not an ST-Link; {}", text, wanted));
    made.version = text[1] == '3' ? 3 : 2;
    return made;
}

void stlink_probe::command(
    std::span<const std::uint8_t, command_bytes> command,
    std::span<const std::uint8_t> sent,
    std::span<std::uint8_t> answer
) {
    switch (command[0]) {
    case get_version: {
        // A V3 leaves the firmware's number to the longer form.
        const unsigned number =
            version_.version << 12U | (version_.version == 3 ? 0U : version_.jtag << 6U);
        put(answer, 0, static_cast<std::uint8_t>(number >> 8U));
        put(answer, 1, static_cast<std::uint8_t>(number));
        put(answer, 2, stlink_version::vendor);
        put(answer, 4, version_.product());
        break;
    }
    case get_version_v3:
        put(answer, 0, static_cast<std::uint8_t>(version_.version));
        put(answer, 2, static_cast<std::uint8_t>(version_.jtag));
        put(answer, 8, stlink_version::vendor);
        put(answer, 10, version_.product());
        break;
    case get_mode:
        put(answer, 0, static_cast<std::uint8_t>(mode_));
        break;
    case get_voltage:
        put(answer, 0, voltage_reference);
        put(answer, 4, voltage_measured);
        break;
    case dfu:
        mode_ = mode::mass_storage;
        break;
    case debug:
        debug_command({command}, sent, answer);
        break;
    default:
        break;
    }
}

void stlink_probe::debug_command(
    const parameters& p, std::span<const std::uint8_t> sent, std::span<std::uint8_t> answer
) {
    if (memory_command(p, sent, answer) || register_command(p, answer) || trace_command(p, answer))
        return;
    switch (p.name()) {
    case leave:
        mode_ = mode::mass_storage;
        break;
    case enter:
        mode_ = mode::debug;
        uses_jtag_ = p.byte(2) == enter_jtag || p.byte(2) == enter_jtag_reset;
        put(answer, 0, status_ok);
        break;
    case read_ids:
        put(answer, 0, status_ok);
        put(answer, 4, uses_jtag_ ? debug_port::jtag_id : port_.swd_id());
        break;
    case reset_system:
        write_word(aircr, request_reset);
        put(answer, 0, status_);
        break;
    case drive_reset: {
        constexpr std::uint8_t pulse = 2;
        if (p.byte(2) == pulse) port_.target().drive_reset_pin(true);
        port_.target().drive_reset_pin(p.byte(2) == 0);
        put(answer, 0, status_ok);
        break;
    }
    case open_access_port:
    case close_access_port:
        put(answer, 0, port_.has_access_port(p.byte(2)) ? status_ok : status_no_access_port);
        break;
    case set_swd_divider:
    case set_jtag_divider:
    case set_frequency:
        put(answer, 0, status_ok);
        break;
    case get_frequencies: {
        constexpr std::array<std::uint32_t, 7> kilohertz{24'000, 8'000, 3'300, 1'000, 200, 50, 5};
        put(answer, 0, status_ok);
        put(answer, 8, static_cast<std::uint8_t>(kilohertz.size()));
        for (std::size_t i = 0; i < kilohertz.size(); ++i)
            put(answer, 12 + 4 * i, kilohertz[i]);
        break;
    }
    default:
        break;
    }
}

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

bool stlink_probe::trace_command(const parameters& p, std::span<std::uint8_t> answer) {
    switch (p.name()) {
    case start_trace:
        trace_.start(p.word(4), p.half(2));
        put(answer, 0, status_ok);
        return true;
    case stop_trace:
        trace_.stop();
        put(answer, 0, status_ok);
        return true;
    case count_trace:
        put(answer, 0, static_cast<std::uint16_t>(std::min<std::size_t>(trace_.waiting(), 0xFFFF)));
        return true;
    default:
        return false;
    }
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

void stlink_probe::disconnect() {
    trace_.stop();
    mode_ = mode::mass_storage;
    // An open-drain pin that nobody pulls is high.
    port_.target().drive_reset_pin(false);
}

} // namespace drone::board

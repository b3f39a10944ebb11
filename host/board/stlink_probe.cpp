// SPDX-License-Identifier: MIT

#include "board/stlink_probe.hpp"

#include "board/memory_map.hpp"
#include "board/stlink_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace drone::board {
namespace {

using namespace stlink;

// First byte of a command.
enum : std::uint8_t {
    get_version = 0xF1,
    debug = 0xF2,
    dfu = 0xF3,
    get_mode = 0xF5,
    get_voltage = 0xF7,
    get_version_v3 = 0xFB,
};

constexpr std::uint8_t enter_jtag = 0xA4;
constexpr std::uint8_t enter_jtag_reset = 0x00;
constexpr std::uint32_t aircr = scs_base + 0xD0C;
constexpr std::uint32_t request_reset = 0x05FA'0004;

// 2.4 V * 2047 / 1489 = 3.3 V
constexpr std::uint32_t voltage_reference = 1489;
constexpr std::uint32_t voltage_measured = 2047;

} // namespace

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

void stlink_probe::disconnect() {
    trace_.stop();
    mode_ = mode::mass_storage;
    // An open-drain pin that nobody pulls is high.
    port_.target().drive_reset_pin(false);
}

} // namespace drone::board

// SPDX-License-Identifier: MIT

#include "board/semihosting.hpp"

#include <algorithm>

namespace drone::board {
namespace {

enum operation : std::uint32_t {
    sys_open = 0x01,
    sys_close = 0x02,
    sys_writec = 0x03,
    sys_write0 = 0x04,
    sys_write = 0x05,
    sys_read = 0x06,
    sys_istty = 0x09,
    sys_clock = 0x10,
    sys_time = 0x11,
    sys_errno = 0x13,
    sys_exit = 0x18,
    sys_exit_extended = 0x20,
    sys_tickfreq = 0x31,
};

constexpr std::uint32_t failed = 0xFFFF'FFFF;
constexpr std::uint32_t application_exit = 0x2'0026; // ADP_Stopped_ApplicationExit
constexpr std::uint32_t longest_string = 64 * 1024;

std::string text_at(const core& processor, std::uint32_t address, std::uint32_t size) {
    const auto bytes = processor.memory(address, size);
    return {bytes.begin(), bytes.end()};
}

std::string string_at(const core& processor, std::uint32_t address) {
    std::string text;
    while (text.size() < longest_string) {
        const auto byte = processor.memory(address + static_cast<std::uint32_t>(text.size()), 1);
        if (byte.empty() || byte[0] == 0) break;
        text.push_back(static_cast<char>(byte[0]));
    }
    return text;
}

/// ":tt" opened for reading, writing and appending is the three standard streams.
std::uint32_t open_console(const core& processor, std::uint32_t block) {
    constexpr std::uint32_t first_write_mode = 4;
    constexpr std::uint32_t first_append_mode = 8;
    const std::uint32_t name = processor.read_word(block).value_or(0);
    const std::uint32_t mode = processor.read_word(block + 4).value_or(0);
    if (string_at(processor, name) != ":tt") return failed;
    if (mode < first_write_mode) return 0;
    return mode < first_append_mode ? 1 : 2;
}

} // namespace

semihosting_result
semihosting_call(const core& processor, std::uint64_t now, std::uint32_t cpu_hz) {
    const std::uint32_t argument = processor.argument(1);
    const auto field = [&](std::uint32_t index) {
        return processor.read_word(argument + 4 * index).value_or(0);
    };
    switch (processor.argument(0)) {
    case sys_open:
        return {.value = open_console(processor, argument)};
    case sys_close:
        return {};
    case sys_writec:
        return {.descriptor = 2, .text = text_at(processor, argument, 1)};
    case sys_write0:
        return {.descriptor = 2, .text = string_at(processor, argument)};
    case sys_write:
        return {
            .descriptor = static_cast<int>(std::clamp(field(0), 1U, 2U)),
            .text = text_at(processor, field(1), field(2))
        };
    case sys_read:
        return {.value = field(2)}; // nothing read: the end of the file
    case sys_istty:
        return {.value = 1};
    case sys_clock:
        return {.value = static_cast<std::uint32_t>(now / (cpu_hz / 100))};
    case sys_time:
        return {.value = static_cast<std::uint32_t>(now / cpu_hz)};
    case sys_errno:
        return {};
    case sys_exit:
        return {.exit_status = argument == application_exit ? 0 : 1};
    case sys_exit_extended:
        return {
            .exit_status = field(0) == application_exit ? static_cast<int>(field(1) & 0xFFU) : 1
        };
    case sys_tickfreq:
        return {.value = cpu_hz};
    default:
        return {.value = failed};
    }
}

} // namespace drone::board

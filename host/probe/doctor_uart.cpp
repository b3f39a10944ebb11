// SPDX-License-Identifier: MIT

// The rate of a UART, as its own registers have it.

#include "probe/diagnosis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <span>
#include <string_view>

namespace drone::probe {

namespace {

/// Where a kind of UART has what decides, as offsets.
struct uart_kind {
    std::uint32_t enable = 0;
    std::uint32_t enabled = 0; ///< these bits are not all 0 in one that sends; STM32: all 1
    std::uint32_t rate = 0;
    bool is_stm32 = false;
};
constexpr uart_kind first_stm32{.enable = 0x0C, .enabled = 0x2008, .rate = 0x08, .is_stm32 = true};
constexpr uart_kind later_stm32{.enable = 0x00, .enabled = 0x0009, .rate = 0x0C, .is_stm32 = true};
constexpr uart_kind nordic{.enable = 0x500, .enabled = 0xC, .rate = 0x524};
constexpr std::uint32_t oversampling_8 = 1U << 15U;

struct uart {
    std::string_view name;
    std::uint32_t base;
};
constexpr std::array high_uarts{
    uart{"USART1", 0x4001'1000},
    uart{"USART2", 0x4000'4400},
    uart{"USART3", 0x4000'4800},
    uart{"UART4", 0x4000'4C00},
    uart{"USART6", 0x4001'1400},
};
constexpr std::array low_uarts{
    uart{"USART1", 0x4001'3800},
    uart{"USART2", 0x4000'4400},
    uart{"USART3", 0x4000'4800},
};
constexpr std::array nordic_uarts{uart{"UART0", 0x4000'2000}};

struct uart_family {
    std::string_view chip; ///< how its name begins
    uart_kind kind;
    std::span<const uart> uarts;
};
constexpr uart_family families[] = {
    {"stm32f1", first_stm32, low_uarts},
    {"stm32l1", first_stm32, low_uarts},
    {"stm32f2", first_stm32, high_uarts},
    {"stm32f4", first_stm32, high_uarts},
    {"stm32f7", later_stm32, high_uarts},
    {"stm32h7", later_stm32, high_uarts},
    {"stm32", later_stm32, low_uarts},
    {"nrf5", nordic, nordic_uarts},
};

const uart_family* family_of(const setup& s) {
    const auto found = std::ranges::find_if(families, [&](const uart_family& family) {
        return chip_is(s, family.chip);
    });
    return found == std::end(families) ? nullptr : found;
}

/// Sixteenths of a clock in a bit: STM32's BRR, which counts eighths in its lower half with OVER8.
double bits_per_second(const uart_kind& kind, std::uint32_t rate, bool over_8, double clock) {
    if (!kind.is_stm32) return rate * 16e6 / 4294967296.0; // a fraction of 16 MHz
    const std::uint32_t divider = over_8 ? (rate & ~0xFU) >> 1U | (rate & 7U) : rate;
    return divider == 0 ? 0 : clock / divider;
}

std::uint32_t register_for(const uart_kind& kind, double wanted, bool over_8, double clock) {
    if (!kind.is_stm32)
        // The lowest 12 bits are not used; the tables of the maker round up.
        return (static_cast<std::uint32_t>(wanted * 4294967296.0 / 16e6) + 0x800U) & ~0xFFFU;
    const auto divider = static_cast<std::uint32_t>(std::lround(clock / wanted));
    return over_8 ? (divider & ~7U) << 1U | (divider & 7U) : divider;
}

} // namespace

std::vector<std::uint32_t> uart_registers(const setup& s) {
    std::vector<std::uint32_t> all;
    if (const uart_family* const family = family_of(s))
        for (const uart& one : family->uarts)
            all.insert(all.end(), {one.base + family->kind.enable, one.base + family->kind.rate});
    return all;
}

std::vector<finding> diagnose_uart(const setup& s, const registers& seen) {
    diagnosis d(seen);
    const uart_family* const family = family_of(s);
    if (family == nullptr) {
        d.unknown(fmt::format(
            "the UARTs of \"{}\" are not known here; they are of STM32 and nRF51, nRF52",
            s.probe.chip
        ));
        return std::move(d).all();
    }
    const uart_kind& kind = family->kind;
    const double wanted = s.log.baud;
    const double clock = s.log.divided_clock().value_or(0);
    bool any = false;
    std::string unread; // a family's smaller chips lack some
    const auto word = [&](std::uint32_t address) {
        const auto found = seen.find(address);
        return found == seen.end() ? std::nullopt : found->second;
    };
    for (const uart& one : family->uarts) {
        const auto control = word(one.base + kind.enable);
        const auto rate = word(one.base + kind.rate);
        if (!control || !rate) {
            unread += fmt::format("{}{}", unread.empty() ? "" : ", ", one.name);
            continue;
        }
        const std::uint32_t on = *control & kind.enabled;
        if (kind.is_stm32 ? on != kind.enabled : on == 0) continue;
        any = true;
        const bool over_8 = kind.is_stm32 && (*control & oversampling_8) != 0;
        const double is = bits_per_second(kind, *rate, over_8, clock);
        d.judge(
            std::abs(is - wanted) <= rate_tolerance * wanted,
            fmt::format("{}: {:.0f} baud", one.name, is),
            fmt::format(
                "{} sends at {:.0f} baud, but the log's rate is {}", one.name, is, s.log.baud
            ),
            {{one.base + kind.rate, 0xFFFF'FFFF, register_for(kind, wanted, over_8, clock)}}
        );
    }
    if (!unread.empty()) d.unknown(unread + " cannot be read: the chip may not have them");
    if (!any) d.wrong("no UART is enabled to send: the program has not set one up yet");
    return std::move(d).all();
}

} // namespace drone::probe

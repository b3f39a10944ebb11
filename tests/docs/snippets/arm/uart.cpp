// SPDX-License-Identifier: MIT

// What docs/porting.md shows of a UART.

#include <drone/declare.hpp>
#include <drone/uart_carrier.hpp>

#include <cortex_m/exclusive.hpp>

namespace drone::config {
constexpr auto heap_main = make_layout(1024, {{8, 16}, {64, 8}});
} // namespace drone::config

// The USART2 of an STM32F4. The program sets it up: clock, pin, baud rate.
struct my_uart {
    static volatile std::uint32_t& at(unsigned offset) noexcept {
        return *reinterpret_cast<volatile std::uint32_t*>(0x4000'4400 + offset);
    }
    static bool enabled() noexcept { return (at(0x0C) & 1U << 3) != 0; } // the transmitter is on
    static bool ready() noexcept { return (at(0x00) & 1U << 7) != 0; }   // it takes a byte now
    static void write(std::uint8_t byte) noexcept { at(0x04) = byte; }
};

struct heap_options {
    static constexpr const auto& layout = drone::config::heap_main;
    using core = drone::cortex_m::single_core;
    using carrier = drone::uart_carrier<my_uart, core, drone::itm_framing>;
    static constexpr drone::heap_settings settings{.trace_port = 31};
};
constinit drone::declared_heap<heap_options> heap;

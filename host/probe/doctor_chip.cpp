// SPDX-License-Identifier: MIT

// What a chip has between the trace of its core and the pin: each maker's own registers.

#include "probe/diagnosis.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace drone::probe {

namespace {

bool is_one_of(const setup& s, std::initializer_list<std::string_view> names) {
    return std::ranges::any_of(names, [&](std::string_view name) { return chip_is(s, name); });
}

// -- STM32H7 --------------------------------------------------------------------------------------

// The debug components of the system, as the core sees them (RM0433 60.5).
constexpr std::uint32_t h7_dbgmcu_cr = 0x5C00'1004;
constexpr std::uint32_t h7_swo = 0x5C00'3000;
constexpr std::uint32_t h7_funnel = 0x5C00'4000;
constexpr std::uint32_t h7_clocks = 7U << 20U; // TRACECLKEN, D1DBGCKEN, D3DBGCKEN

bool is_h7(const setup& s) { return chip_is(s, "stm32h7"); }

void h7_trace(diagnosis& d) {
    if (const auto value = d.at(h7_dbgmcu_cr)) {
        d.judge(
            (*value & h7_clocks) == h7_clocks,
            "DBGMCU_CR: the trace has its clocks",
            fmt::format(
                "DBGMCU_CR is {:#x}: TRACECLKEN, D1DBGCKEN and D3DBGCKEN are not all 1", *value
            ),
            {{h7_dbgmcu_cr, h7_clocks, h7_clocks}}
        );
        d.judge(
            (*value & 7U) != 0,
            "DBGMCU_CR: the debug clock runs in sleep",
            "DBGMCU_CR: DBGSLEEP_D1, DBGSTOP_D1 and DBGSTBY_D1 are 0, so a core that sleeps is "
            "silent",
            {{h7_dbgmcu_cr, 7, 7}}
        );
    }
    if (const auto value = d.at(h7_funnel))
        d.judge(
            (*value & 1U) != 0,
            "SWTF: the funnel lets the ITM through",
            "SWTF_CTRL.ENS0 is 0: the funnel keeps the ITM from the SWO block",
            unlocked(h7_funnel, true, {h7_funnel, 1, 1})
        );
}

// -- Other STM32 ----------------------------------------------------------------------------------

/// How DBGMCU_CR frees the trace pin, as OpenOCD's target files have it.
struct trace_control {
    std::uint32_t address = 0;
    std::uint32_t mode = 0;  ///< mask of TRACE_IOEN, TRACE_EN and TRACE_MODE
    std::uint32_t swo = 0;   ///< what they must be
    std::uint32_t sleep = 0; ///< of these one is enough
};

std::optional<trace_control> trace_control_of(const setup& s) {
    if (is_one_of(s, {"stm32l5", "stm32u5"}))
        return trace_control{.address = 0xE004'4004, .mode = 0xF0, .swo = 0x30, .sleep = 6};
    if (is_one_of(
            s,
            {"stm32f1",
             "stm32f2",
             "stm32f3",
             "stm32f4",
             "stm32f7",
             "stm32l1",
             "stm32l4",
             "stm32g4",
             "stm32wb"}
        ))
        return trace_control{.address = 0xE004'2004, .mode = 0xE0, .swo = 0x20, .sleep = 7};
    return std::nullopt;
}

void stm32_trace(const trace_control& control, diagnosis& d) {
    const auto value = d.at(control.address);
    if (!value) return;
    d.judge(
        (*value & control.mode) == control.swo,
        "DBGMCU_CR: the trace pin is given to SWO",
        fmt::format(
            "DBGMCU_CR is {:#x}: TRACE_IOEN is 0 or TRACE_MODE is not 0, so the pin has no trace",
            *value
        ),
        {{control.address, control.mode, control.swo}}
    );
    d.judge(
        (*value & control.sleep) != 0,
        "DBGMCU_CR: the debug clock runs in sleep",
        "DBGMCU_CR: DBG_SLEEP, DBG_STOP and DBG_STANDBY are 0, so a core that sleeps is silent",
        {{control.address, control.sleep, control.sleep}}
    );
}

/// PB3 of an STM32, which is the trace pin while its function is 0.
struct trace_pin {
    std::uint32_t clock = 0; ///< register of the port's clock
    unsigned clock_bit = 1;
    std::uint32_t port = 0;
    [[nodiscard]] std::uint32_t mode() const { return port; }
    [[nodiscard]] std::uint32_t function() const { return port + 0x20; }
};

std::optional<trace_pin> pin_of(const setup& s) {
    if (is_one_of(s, {"stm32f4", "stm32f2", "stm32f7"}))
        return trace_pin{.clock = 0x4002'3830, .port = 0x4002'0400};
    if (is_one_of(s, {"stm32l4", "stm32g4", "stm32wb"}))
        return trace_pin{.clock = 0x4002'104C, .port = 0x4800'0400};
    if (chip_is(s, "stm32f3"))
        return trace_pin{.clock = 0x4002'1014, .clock_bit = 18, .port = 0x4800'0400};
    if (chip_is(s, "stm32l1")) return trace_pin{.clock = 0x4002'381C, .port = 0x4002'0400};
    if (chip_is(s, "stm32l5")) return trace_pin{.clock = 0x4002'104C, .port = 0x4202'0400};
    if (chip_is(s, "stm32u5")) return trace_pin{.clock = 0x4602'0C8C, .port = 0x4202'0400};
    if (is_h7(s)) return trace_pin{.clock = 0x5802'44E0, .port = 0x5802'0400};
    return std::nullopt;
}

void stm32_pin(const trace_pin& pin, diagnosis& d) {
    const auto clocked = d.at(pin.clock);
    const auto mode = d.at(pin.mode());
    const auto function = d.at(pin.function());
    if (!clocked || !mode || !function) return;
    const bool used = (*clocked >> pin.clock_bit & 1U) != 0; // else nobody has changed it
    const bool traces = (*mode >> 6U & 3U) == 2U && (*function >> 12U & 0xFU) == 0;
    d.judge(
        !used || traces,
        "PB3 is the trace pin",
        "the program made PB3, the trace pin, something else",
        {{pin.mode(), 3U << 6U, 2U << 6U}, {pin.function(), 0xFU << 12U, 0}}
    );
}

// -- nRF52 ----------------------------------------------------------------------------------------

constexpr std::uint32_t nrf_traceconfig = 0x4000'055C;
constexpr std::uint32_t nrf_fastest_hz = 32'000'000;

bool is_nrf52(const setup& s) { return chip_is(s, "nrf52"); }

void nrf52_trace(const setup& s, diagnosis& d) {
    const auto value = d.at(nrf_traceconfig);
    if (!value) return;
    d.judge(
        (*value >> 16U & 3U) == 1U,
        "TRACECONFIG: the trace is given to SWO",
        "TRACECONFIG.TRACEMUX is not Serial: the pin has no trace",
        {{nrf_traceconfig, 3U << 16U, 1U << 16U}}
    );
    const auto said = s.log.divided_clock();
    if (!said) return;
    const std::uint32_t is = nrf_fastest_hz >> (*value & 3U);
    std::vector<mend> mending;
    for (std::uint32_t speed = 0; speed < 4; ++speed)
        if (*said == nrf_fastest_hz >> speed) mending = {{nrf_traceconfig, 3, speed}};
    d.judge(
        is == *said,
        fmt::format("TRACECONFIG: the trace clock is {} Hz", is),
        fmt::format(
            "TRACECONFIG.TRACEPORTSPEED: the trace clock is {} Hz, but the log's is {} Hz{}",
            is,
            *said,
            mending.empty() ? fmt::format("; say {}, with --swo or as trace_clock under [log]", is)
                            : ""
        ),
        mending
    );
}

/// What chips.toml, or the project, says must be written before the pin has the trace.
void known_writes(const setup& s, diagnosis& d) {
    for (const config::register_write& write : s.probe.trace_writes) {
        if (write.address == nrf_traceconfig) continue;
        const auto value = d.at(write.address);
        if (!value) continue;
        const std::uint32_t mask = write.set | write.clear;
        d.judge(
            (*value & mask) == write.set,
            fmt::format("{:#010x}: the pin is given to SWO", write.address),
            fmt::format(
                "{:#010x} is {:#x}: the trace pin is something else", write.address, *value
            ),
            {{write.address, mask, write.set}}
        );
    }
    if (is_nrf52(s) && s.probe.trace_writes.empty())
        d.unknown("the trace pin: name the chip, such as openocd:nRF52840_xxAA");
}

} // namespace

bool chip_is(const setup& s, std::string_view begins) {
    return std::ranges::equal(
        std::string_view(s.probe.chip).substr(0, begins.size()),
        begins,
        [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; }
    );
}

trace_port trace_port_of(const setup& s) {
    if (is_h7(s)) return {.base = h7_swo, .is_swo_alone = true};
    return {};
}

std::vector<std::uint32_t> chip_trace_registers(const setup& s) {
    std::vector<std::uint32_t> all;
    if (is_h7(s)) all = {h7_dbgmcu_cr, h7_funnel};
    if (const auto control = trace_control_of(s)) all.push_back(control->address);
    if (const auto pin = pin_of(s))
        all.insert(all.end(), {pin->clock, pin->mode(), pin->function()});
    if (is_nrf52(s)) all.push_back(nrf_traceconfig);
    for (const config::register_write& write : s.probe.trace_writes)
        all.push_back(write.address);
    return all;
}

void diagnose_chip_trace(const setup& s, diagnosis& d) {
    if (is_h7(s)) h7_trace(d);
    if (const auto control = trace_control_of(s)) stm32_trace(*control, d);
    if (const auto pin = pin_of(s)) stm32_pin(*pin, d);
    if (is_nrf52(s)) nrf52_trace(s, d);
    known_writes(s, d);
}

} // namespace drone::probe

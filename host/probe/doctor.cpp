// SPDX-License-Identifier: MIT
#include "probe/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <string_view>

namespace drone::probe {

namespace {

// Armv7-M B3.2, C1.6 to C1.10; CoreSight TPIU.
constexpr std::uint32_t cpuid = 0xE000'ED00;
constexpr std::uint32_t dhcsr = 0xE000'EDF0;
constexpr std::uint32_t demcr = 0xE000'EDFC;
constexpr std::uint32_t itm_ter = 0xE000'0E00;
constexpr std::uint32_t itm_tcr = 0xE000'0E80;
constexpr std::uint32_t itm_lar = 0xE000'0FB0;
constexpr std::uint32_t itm_lsr = 0xE000'0FB4;
constexpr std::uint32_t itm_key = 0xC5AC'CE55;
constexpr std::uint32_t lock_access = 0xFB0; // of every CoreSight component
// STM32H7: the debug components of the system, as the core sees them (RM0433 60.5).
constexpr std::uint32_t h7_dbgmcu_cr = 0x5C00'1004;
constexpr std::uint32_t h7_swo = 0x5C00'3000;
constexpr std::uint32_t h7_funnel = 0x5C00'4000;
constexpr std::uint32_t h7_clocks = 7U << 20U; // TRACECLKEN, D1DBGCKEN, D3DBGCKEN
constexpr std::uint32_t nrf_traceconfig = 0x4000'055C;
constexpr std::uint32_t trace_enable = 1U << 24U;
constexpr std::uint32_t heap_trace = 1U << 31U;

using verdict = finding::verdict;

/// The trace port's registers: the H7 has a block for SWO alone, without a formatter, and locked.
struct trace_port {
    std::uint32_t base = 0xE004'0000;
    bool is_swo_alone = false;
    [[nodiscard]] std::uint32_t prescaler() const { return base + 0x010; }
    [[nodiscard]] std::uint32_t protocol() const { return base + 0x0F0; }
    [[nodiscard]] std::uint32_t formatter() const { return base + 0x304; }
};

bool begins_with_one_of(const std::string& chip, std::initializer_list<std::string_view> names) {
    return std::ranges::any_of(names, [&](std::string_view name) {
        return std::ranges::equal(
            std::string_view(chip).substr(0, name.size()),
            name,
            [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; }
        );
    });
}

bool is_h7(const setup& s) { return begins_with_one_of(s.probe.chip, {"stm32h7"}); }

trace_port port_of(const setup& s) {
    if (is_h7(s)) return {.base = h7_swo, .is_swo_alone = true};
    return {};
}

/// The write to a register of a component, which is unlocked first where it may be locked.
std::vector<mend> unlocked(std::uint32_t component, bool is_locked, const mend& write) {
    if (!is_locked) return {write};
    return {{component + lock_access, 0xFFFF'FFFF, itm_key}, write};
}

/// How an STM32's DBGMCU_CR frees the trace pin, as OpenOCD's target files have it.
struct trace_control {
    std::uint32_t address = 0;
    std::uint32_t mode = 0;  ///< mask of TRACE_IOEN, TRACE_EN and TRACE_MODE
    std::uint32_t swo = 0;   ///< what they must be
    std::uint32_t sleep = 0; ///< of these one is enough
};
std::optional<trace_control> trace_control_of(const setup& s) {
    if (begins_with_one_of(s.probe.chip, {"stm32l5", "stm32u5"}))
        return trace_control{.address = 0xE004'4004, .mode = 0xF0, .swo = 0x30, .sleep = 6};
    if (begins_with_one_of(
            s.probe.chip,
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

/// PB3 of an STM32, which is the trace pin while its function is 0.
struct trace_pin {
    std::uint32_t clock = 0; ///< register of the port's clock, bit 1
    std::uint32_t port = 0;
};
std::optional<trace_pin> pin_of(const setup& s) {
    if (begins_with_one_of(s.probe.chip, {"stm32f4", "stm32f2", "stm32f7"}))
        return trace_pin{.clock = 0x4002'3830, .port = 0x4002'0400};
    if (begins_with_one_of(s.probe.chip, {"stm32l4", "stm32g4", "stm32wb"}))
        return trace_pin{.clock = 0x4002'104C, .port = 0x4800'0400};
    return std::nullopt;
}
bool is_nrf52(const setup& s) { return begins_with_one_of(s.probe.chip, {"nrf52"}); }

/// Findings as they are made.
class diagnosis {
public:
    explicit diagnosis(const registers& seen) : seen_(seen) {}

    [[nodiscard]] std::optional<std::uint32_t> at(std::uint32_t address) {
        const auto found = seen_.find(address);
        if (found != seen_.end() && found->second) return found->second;
        found_.push_back({verdict::unknown, fmt::format("{:#010x} cannot be read", address), {}});
        return std::nullopt;
    }
    void right(std::string what) { found_.push_back({verdict::right, std::move(what), {}}); }
    void wrong(std::string what, std::vector<mend> mending = {}) {
        found_.push_back({verdict::wrong, std::move(what), std::move(mending)});
    }
    void judge(bool is_right, std::string good, std::string bad, std::vector<mend> mending) {
        if (is_right) return right(std::move(good));
        wrong(std::move(bad), std::move(mending));
    }
    [[nodiscard]] std::vector<finding> all() && { return std::move(found_); }

private:
    const registers& seen_;
    std::vector<finding> found_;
};

/// Whether the core has an ITM at all.
bool has_itm(diagnosis& d) {
    const auto id = d.at(cpuid);
    if (!id) return true;
    const std::uint32_t part = *id >> 4U & 0xFFFU;
    if (part != 0xC20 && part != 0xC60 && part != 0xD20) return true;
    d.wrong(
        "the core is a Cortex-M0, M0+ or M23, which has no ITM and no SWO; use drone::rtt_carrier and "
        "carrier = \"rtt\" under [log], or a UART"
    );
    return false;
}

void core_state(diagnosis& d) {
    const auto state = d.at(dhcsr);
    if (!state) return;
    if ((*state & 1U << 19U) != 0)
        return d.wrong("the core is in lockup: its program has crashed, or there is none; flash it"
        );
    if ((*state & 1U << 17U) != 0)
        return d.right("the core is halted by the debugger at this moment");
    d.right((*state & 1U << 18U) != 0 ? "the core sleeps" : "the core runs");
}

void itm(diagnosis& d) {
    if (const auto value = d.at(demcr))
        d.judge(
            (*value & trace_enable) != 0,
            "DEMCR.TRCENA: the trace is powered",
            "DEMCR.TRCENA is 0: the whole trace is off",
            {{demcr, trace_enable, trace_enable}}
        );
    const auto lock = d.at(itm_lsr);
    const bool locked = lock && (*lock & 3U) == 3U;
    const mend unlock{itm_lar, 0xFFFF'FFFF, itm_key};
    if (lock)
        d.judge(!locked, "ITM: not locked", "ITM is locked: writes to it are ignored", {unlock});
    if (const auto value = d.at(itm_tcr)) {
        d.judge(
            (*value & 1U) != 0,
            "ITM_TCR.ITMENA: the ITM runs",
            "ITM_TCR.ITMENA is 0: the ITM is off",
            {unlock, {itm_tcr, 0x007F'0001, 0x0001'0001}}
        );
    }
    if (const auto value = d.at(itm_ter))
        d.judge(
            (*value & (heap_trace | 1U)) == (heap_trace | 1U),
            "ITM_TER: ports 0 and 31 are enabled",
            fmt::format("ITM_TER is {:#010x}: ports 0 and 31 are not both enabled", *value),
            {unlock, {itm_ter, 0xFFFF'FFFF, 0xFFFF'FFFF}}
        );
}

void pin_rate(const setup& s, diagnosis& d, const trace_port& port) {
    const auto divider = d.at(port.prescaler());
    const std::uint32_t clock = s.log.trace_clock.value_or(s.log.core_clock.value_or(0));
    if (!divider || clock == 0) return;
    const double rate = static_cast<double>(clock) / (*divider + 1.0);
    const double wanted = s.log.baud;
    const auto best = static_cast<std::uint32_t>(std::max(1.0, std::round(clock / wanted))) - 1;
    constexpr double tolerance = 0.03; // of a UART
    d.judge(
        std::abs(rate - wanted) <= tolerance * wanted,
        fmt::format("TPIU_ACPR: {:.0f} baud from a clock of {} Hz", rate, clock),
        fmt::format(
            "TPIU_ACPR is {}: {:.0f} baud from a clock of {} Hz, but [log] says {}",
            *divider,
            rate,
            clock,
            s.log.baud
        ),
        unlocked(port.base, port.is_swo_alone, {port.prescaler(), 0xFFFF'FFFF, best})
    );
}

void trace_port_state(const setup& s, diagnosis& d) {
    const trace_port port = port_of(s);
    if (const auto value = d.at(port.protocol()))
        d.judge(
            (*value & 3U) == 2U,
            "TPIU_SPPR: UART (NRZ)",
            fmt::format(
                "TPIU_SPPR is {}: {}, not UART",
                *value,
                (*value & 3U) == 1 ? "Manchester" : "the parallel port"
            ),
            unlocked(port.base, port.is_swo_alone, {port.protocol(), 3, 2})
        );
    pin_rate(s, d, port);
    if (port.is_swo_alone) return;
    if (const auto value = d.at(port.formatter())) {
        const bool on = (*value & 2U) != 0;
        const bool wanted = s.log.format == config::log_format::tpiu;
        d.judge(
            on == wanted,
            fmt::format("TPIU_FFCR: the formatter is {}, as [log] says", on ? "on" : "off"),
            fmt::format(
                "TPIU_FFCR: the formatter is {}, but [log] says {}",
                on ? "on" : "off",
                wanted ? "tpiu" : "swo"
            ),
            {{port.formatter(), 2, wanted ? 2U : 0U}}
        );
    }
}

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

void vendor(const setup& s, diagnosis& d) {
    if (is_h7(s)) h7_trace(d);
    if (const auto control = trace_control_of(s)) {
        if (const auto value = d.at(control->address)) {
            d.judge(
                (*value & control->mode) == control->swo,
                "DBGMCU_CR: the trace pin is given to SWO",
                fmt::format(
                    "DBGMCU_CR is {:#x}: TRACE_IOEN is 0 or TRACE_MODE is not 0, so the pin has no "
                    "trace",
                    *value
                ),
                {{control->address, control->mode, control->swo}}
            );
            d.judge(
                (*value & control->sleep) != 0,
                "DBGMCU_CR: the debug clock runs in sleep",
                "DBGMCU_CR: DBG_SLEEP, DBG_STOP and DBG_STANDBY are 0, so a core that sleeps is silent",
                {{control->address, control->sleep, control->sleep}}
            );
        }
    }
    if (const auto pin = pin_of(s)) {
        const auto clocked = d.at(pin->clock);
        const auto mode = d.at(pin->port);
        const auto function = d.at(pin->port + 0x20);
        if (clocked && mode && function) {
            const bool used = (*clocked & 2U) != 0; // else nobody has changed it
            const bool traces = (*mode >> 6U & 3U) == 2U && (*function >> 12U & 0xFU) == 0;
            d.judge(
                !used || traces,
                "PB3 is the trace pin",
                "the program made PB3, the trace pin, something else",
                {{pin->port, 3U << 6U, 2U << 6U}, {pin->port + 0x20, 0xFU << 12U, 0}}
            );
        }
    }
    if (is_nrf52(s)) {
        if (const auto value = d.at(nrf_traceconfig))
            d.judge(
                (*value >> 16U & 3U) == 1U,
                "TRACECONFIG: P0.18 or P1.00 is SWO",
                "TRACECONFIG.TRACEMUX is not Serial: the pin has no trace",
                {{nrf_traceconfig, 3U << 16U, 1U << 16U}}
            );
    }
}

} // namespace

std::vector<std::uint32_t> swo_registers(const setup& s) {
    const trace_port port = port_of(s);
    std::vector<std::uint32_t> all = {
        cpuid, dhcsr, demcr, itm_lsr, itm_tcr, itm_ter, port.protocol(), port.prescaler()
    };
    if (!port.is_swo_alone) all.push_back(port.formatter());
    if (is_h7(s)) all.insert(all.end(), {h7_dbgmcu_cr, h7_funnel});
    if (const auto control = trace_control_of(s)) all.push_back(control->address);
    if (const auto pin = pin_of(s))
        all.insert(all.end(), {pin->clock, pin->port, pin->port + 0x20});
    if (is_nrf52(s)) all.push_back(nrf_traceconfig);
    return all;
}

std::vector<finding> diagnose_swo(const setup& s, const registers& seen) {
    diagnosis d(seen);
    core_state(d);
    if (!has_itm(d)) return std::move(d).all();
    itm(d);
    trace_port_state(s, d);
    vendor(s, d);
    return std::move(d).all();
}

std::vector<finding> diagnose_rtt(const setup& s, const rtt_sight& seen) {
    const registers none;
    diagnosis d(none);
    if (!seen.block) {
        d.wrong(fmt::format(
            "no RTT control block in {:#x} bytes from {:#010x}: the program has not begun its log, or its "
            "RAM is elsewhere ([memory] ram)",
            s.ram.size,
            s.ram.origin
        ));
        return std::move(d).all();
    }
    d.right(fmt::format("RTT control block at {:#010x}, {} up-buffers", *seen.block, seen.ups));
    if (s.log.rtt_channel >= seen.ups) {
        d.wrong(fmt::format(
            "the block has no channel {}; write rtt_channel under [log]", s.log.rtt_channel
        ));
        return std::move(d).all();
    }
    if (seen.size == 0 || seen.written >= seen.size || seen.read >= seen.size) {
        d.wrong(fmt::format(
            "channel {}: size {}, written {}, read {}: it is not set up, or was overwritten",
            s.log.rtt_channel,
            seen.size,
            seen.written,
            seen.read
        ));
        return std::move(d).all();
    }
    const std::uint32_t waiting = (seen.written + seen.size - seen.read) % seen.size;
    d.right(
        fmt::format("channel {}: {} bytes, {} of them wait", s.log.rtt_channel, seen.size, waiting)
    );
    if (seen.read != seen.read_later)
        d.right("somebody empties it: it can have one reader only");
    else if (waiting == 0)
        d.right("it is empty: the program has nothing to say at this moment");
    else
        d.right("nobody empties it: `drone log` would");
    return std::move(d).all();
}

std::string describe(const finding& f) {
    constexpr std::array<std::string_view, 3> names = {"right", "WRONG", "?"};
    std::string line = fmt::format("{:6} {}", names[static_cast<std::size_t>(f.is)], f.what);
    for (const mend& m : f.mending) {
        line +=
            m.mask == 0xFFFF'FFFF
                ? fmt::format("\n         mww {:#010x} {:#010x}", m.address, m.value)
                : fmt::format(
                      "\n         mmw {:#010x} {:#x} {:#x}", m.address, m.value, m.mask & ~m.value
                  );
    }
    return line;
}

} // namespace drone::probe

// SPDX-License-Identifier: MIT
#include "probe/diagnosis.hpp"

#include <algorithm>
#include <array>
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
constexpr std::uint32_t trace_enable = 1U << 24U;
constexpr std::uint32_t heap_trace = 1U << 31U;

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
    const std::uint32_t clock = s.log.divided_clock().value_or(0);
    if (!divider || clock == 0) return;
    const double rate = static_cast<double>(clock) / (*divider + 1.0);
    const double wanted = s.log.baud;
    const auto best = static_cast<std::uint32_t>(std::max(1.0, std::round(clock / wanted))) - 1;
    d.judge(
        std::abs(rate - wanted) <= rate_tolerance * wanted,
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
    const trace_port port = trace_port_of(s);
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

} // namespace

std::vector<mend> unlocked(std::uint32_t component, bool is_locked, const mend& write) {
    if (!is_locked) return {write};
    return {{component + lock_access, 0xFFFF'FFFF, itm_key}, write};
}

std::vector<std::uint32_t> swo_registers(const setup& s) {
    const trace_port port = trace_port_of(s);
    std::vector<std::uint32_t> all = chip_trace_registers(s);
    all.insert(
        all.end(),
        {cpuid, dhcsr, demcr, itm_lsr, itm_tcr, itm_ter, port.protocol(), port.prescaler()}
    );
    if (!port.is_swo_alone) all.push_back(port.formatter());
    return all;
}

std::vector<finding> diagnose_swo(const setup& s, const registers& seen) {
    diagnosis d(seen);
    core_state(d);
    if (!has_itm(d)) return std::move(d).all();
    itm(d);
    trace_port_state(s, d);
    diagnose_chip_trace(s, d);
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

std::vector<finding> after_mending(std::vector<finding> before, const std::vector<finding>& now) {
    // A figure in the words may change; what a write would have to be does not.
    const auto has = [](const std::vector<finding>& list, const finding& f) {
        return std::ranges::any_of(list, [&](const finding& other) {
            return other.is == finding::verdict::wrong &&
                   (f.mending.empty() ? other.what == f.what : other.mending == f.mending);
        });
    };
    std::vector<finding> new_ones;
    for (const finding& f : now)
        if (f.is == finding::verdict::wrong && !has(before, f)) new_ones.push_back(f);
    for (finding& f : before)
        if (f.is == finding::verdict::wrong && !has(now, f)) f.is = finding::verdict::mended;
    before.insert(before.end(), new_ones.begin(), new_ones.end());
    return before;
}

std::string describe(const finding& f) {
    constexpr std::array<std::string_view, 4> names = {"right", "WRONG", "MENDED", "?"};
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

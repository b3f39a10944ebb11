// SPDX-License-Identifier: MIT

// The trace registers as firmware sees them. The exit status is the number of the first check that
// fails, 0 for none. Needs a probe that enabled ports 0 and 31.

#include "cortex_m/itm.hpp"
#include "cortex_m/stop.hpp"

#include <cstdint>

namespace {

using drone::cortex_m::itm;

volatile std::uint32_t& at(std::uintptr_t address) {
    return *reinterpret_cast<volatile std::uint32_t*>(address);
}

constexpr std::uintptr_t ter = 0xE000'0E00;
constexpr std::uintptr_t tcr = 0xE000'0E80;
constexpr std::uintptr_t lar = 0xE000'0FB0;
constexpr std::uintptr_t lsr = 0xE000'0FB4;
constexpr std::uintptr_t dwt_ctrl = 0xE000'1000;
constexpr std::uintptr_t cyccnt = 0xE000'1004;
constexpr std::uintptr_t demcr = 0xE000'EDFC;
constexpr std::uint32_t trace_enable = 1U << 24U;

int checks = 0;

void check(bool holds) {
    ++checks;
    if (!holds) drone::cortex_m::stop(checks);
}

void check_lock() {
    check(at(lsr) == 1); // the probe left it open
    at(lar) = 0;
    check(at(lsr) == 3);
    at(ter) = 0xFFFF'FFFF;
    check(at(ter) == 0x8000'0001); // 3: locked
    at(lar) = 0xC5AC'CE55;
    check(at(lsr) == 1);
}

void check_gates() {
    check(itm::enabled(0) && itm::enabled(31) && !itm::enabled(1));
    check(itm::ready(0) && itm::ready(31)); // 6
    check(!itm::ready(1));                  // not enabled
    check(itm::running());
    const std::uint32_t control = at(tcr);
    at(tcr) = control & ~1U;
    check(!itm::ready(0) && !itm::running());
    at(tcr) = control;
}

void check_power() {
    at(demcr) = 0;
    check(at(ter) == 0 && at(tcr) == 0 && at(dwt_ctrl) == 0); // 10
    at(demcr) = trace_enable;
    check(at(ter) == 0x8000'0001);
}

void check_fifo() {
    unsigned taken = 0;
    while (itm::ready(0)) {
        itm::write(0, std::uint32_t{0x3030'3030});
        ++taken;
    }
    check(taken >= 2 && taken < 20); // 12: it fills faster than the pin empties it
    std::uint32_t waited = 0;
    while (!itm::ready(0))
        ++waited;
    check(waited > 1);
}

void check_cycles() {
    const std::uint32_t before = at(cyccnt);
    const std::uint32_t after = at(cyccnt);
    check(after - before >= 1 && after - before < 10); // 14
}

} // namespace

int main() {
    check_lock();
    check_gates();
    check_power();
    check_fifo();
    check_cycles();
    return 0;
}

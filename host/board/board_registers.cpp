// SPDX-License-Identifier: MIT

// The board's register bus, and what a probe writes to it.

#include "board/board.hpp"
#include "board/component_ids.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace drone::board {
namespace {

// System control space (B3.2.2), beside SysTick's and the NVIC's own registers.
enum : std::uint32_t {
    systick_begin = 0x010,
    systick_end = 0x020,
    dfsr = 0xD30,
    mvfr0 = 0xF40,
    mvfr1 = 0xF44,
    cpacr = 0xD88,
    dhcsr = 0xDF0,
    dcrdr = 0xDF8,
    demcr = 0xDFC,
};

constexpr std::uint32_t trace_enable = 1U << 24U; // DEMCR.TRCENA
constexpr std::uint32_t timer_spacing = 0x400;
constexpr std::uint32_t stimulus_bytes = 0x80;
constexpr std::uint32_t first_component_id = 0xFD0;
constexpr std::uint32_t lock_status = 0xFB4;

constexpr bool has_floating_point(core_model model) {
    return model == core_model::m4 || model == core_model::m7 || model == core_model::m33;
}

} // namespace

std::uint32_t virtual_board::read_register(std::uint32_t address, unsigned size) {
    const std::uint32_t whole = read_word(address & ~3U);
    if (address < itm_base + stimulus_bytes && address >= itm_base)
        clock_.skip_polling(whole != 0, limits_.cycles);
    const std::uint32_t word = whole >> 8U * (address & 3U);
    return size == 4 ? word : word & ((1U << 8U * size) - 1U);
}

void virtual_board::write_register(std::uint32_t address, unsigned size, std::uint32_t value) {
    // Whatever was written may change what is due or pending.
    clock_.look_now();
    if (size == 4 && devices_.registers.lock_takes(address, value)) return;
    if (address >= itm_base && address < itm_base + stimulus_bytes) {
        devices_.trace.write((address - itm_base) & ~3U, size, value, devices_.now, devices_.pin);
        return;
    }
    if (size == 4) return write_word(address, value);
    const unsigned shift = 8U * (address & 3U);
    const std::uint32_t mask = ((1U << 8U * size) - 1U) << shift;
    const std::uint32_t rest = read_word(address & ~3U) & ~mask;
    write_word(address & ~3U, rest | (value << shift & mask));
}

std::uint32_t virtual_board::read_word(std::uint32_t address) {
    const std::uint32_t offset = address & (peripheral_page - 1);
    if (offset >= first_component_id || address - offset == rom_table_base) {
        if (const auto id = component_id(address)) return *id;
    }
    if (address - offset == part().trace_port && offset != lock_status)
        return devices_.pin.read(offset);
    if (address - offset == timers_base && !part().has_timers) return read_peripheral(address);
    switch (address - offset) {
    case itm_base:
        return devices_.trace.read(offset, devices_.now, devices_.pin);
    case fpb_base:
        return devices_.breakpoints.read(offset);
    case dwt_base:
        return devices_.watch.read(offset, devices_.now);
    case scs_base:
        return read_control_space(offset);
    case timers_base:
        if (offset / timer_spacing < devices_.timers.size()) {
            return devices_.timers[offset / timer_spacing].read(
                offset % timer_spacing, devices_.now
            );
        }
        return 0;
    default:
        return read_peripheral(address);
    }
}

std::uint32_t virtual_board::read_peripheral(std::uint32_t address) const {
    if (devices_.flash_control.has(address)) return devices_.flash_control.read(address);
    return devices_.registers.read(address).value_or(0);
}

void virtual_board::write_word(std::uint32_t address, std::uint32_t value) {
    const std::uint32_t offset = address & (peripheral_page - 1);
    if (address - offset == part().trace_port) {
        devices_.trace.advance(devices_.now, devices_.pin);
        return devices_.pin.write(offset, value);
    }
    if (address - offset == timers_base && !part().has_timers)
        return write_peripheral(address, value);
    switch (address - offset) {
    case itm_base:
        return devices_.trace.write(offset, 4, value, devices_.now, devices_.pin);
    case dwt_base:
        return devices_.watch.write(offset, value, devices_.now);
    case fpb_base:
        devices_.breakpoints.write(offset, value);
        return set_breakpoints();
    case scs_base:
        return write_control_space(offset, value);
    case timers_base:
        if (offset / timer_spacing < devices_.timers.size()) {
            devices_.timers[offset / timer_spacing].write(
                offset % timer_spacing, value, devices_.now
            );
        }
        return;
    default:
        return write_peripheral(address, value);
    }
}

void virtual_board::write_peripheral(std::uint32_t address, std::uint32_t value) {
    if (devices_.flash_control.has(address)) {
        const auto erased = devices_.flash_control.write(address, value);
        if (!erased) return;
        std::ranges::fill(core_->flash().subspan(erased->begin, erased->size), std::uint8_t{0xFF});
        flash_changes_.add(erased->begin, erased->size);
        flash_written_ = true;
        return;
    }
    devices_.trace.advance(devices_.now, devices_.pin);
    devices_.registers.write(address, value);
    follow_trace_path();
}

/// What the chip's registers decide of the trace on its way to the pin.
void virtual_board::follow_trace_path() {
    const chip_registers& at = devices_.registers;
    devices_.pin.connect(at.trace_reaches_pin());
    devices_.pin.set_cycles_per_clock(
        std::max(at.core_hz(setup_.cpu_hz) / std::max(at.trace_hz(setup_.cpu_hz), 1U), 1U)
    );
}

bool virtual_board::write_flash(std::uint32_t address, unsigned size, std::uint32_t value) {
    if (!devices_.flash_control.accepts(size)) return false;
    const std::uint32_t offset = address - (address < flash_origin ? flash_alias : flash_origin);
    const std::span<std::uint8_t> bytes = core_->flash().subspan(offset, size);
    for (std::uint8_t& byte : bytes) {
        byte &= static_cast<std::uint8_t>(value);
        value >>= 8U;
    }
    flash_changes_.add(offset, size);
    flash_written_ = true;
    return true;
}

std::uint32_t virtual_board::read_control_space(std::uint32_t offset) {
    if (offset >= systick_begin && offset < systick_end) {
        return devices_.system_timer.read(offset, devices_.now);
    }
    if (const auto value = devices_.interrupts.read(offset)) return *value;
    switch (offset) {
    case cpacr:
        return devices_.coprocessor_access;
    case dfsr:
        return devices_.debug.events;
    case mvfr0:
        return has_floating_point(setup_.model) ? 0x1011'0021U : 0U;
    case mvfr1:
        return has_floating_point(setup_.model) ? 0x1100'0011U : 0U;
    case dhcsr:
        return read_halting_status();
    case dcrdr:
        return devices_.debug.data;
    case demcr:
        return devices_.monitor_control;
    default:
        return 0;
    }
}

void virtual_board::write_control_space(std::uint32_t offset, std::uint32_t value) {
    if (offset >= systick_begin && offset < systick_end) {
        return devices_.system_timer.write(offset, value, devices_.now);
    }
    if (devices_.interrupts.write(offset, value)) return;
    if (offset == cpacr) devices_.coprocessor_access = value & 0x00F0'0000U;
    if (offset == demcr) set_monitor_control(value);
    if (offset == dcrdr) devices_.debug.data = value;
    if (offset == dfsr) devices_.debug.events &= ~value;
}

void virtual_board::set_monitor_control(std::uint32_t value) {
    devices_.monitor_control = value & 0x010F'07F1U;
    const bool powered = (value & trace_enable) != 0;
    devices_.watch.set_powered(powered, devices_.now);
    devices_.trace.advance(devices_.now, devices_.pin);
    devices_.trace.set_powered(powered);
}

// What OpenOCD and its like write over the debug port, in their order.
void virtual_board::attach_probe(const probe_setup& probe) {
    constexpr std::uint32_t itm_enable = 1;
    constexpr std::uint32_t stamp_enable = 1U << 1U;
    constexpr std::uint32_t sync_enable = 1U << 2U;
    constexpr std::uint32_t hardware_enable = 1U << 3U;
    constexpr std::uint32_t trace_source = 1U << 16U;

    const std::uint32_t prescaler = setup_.cpu_hz / probe.baud;
    const std::uint32_t port = part().trace_port;
    write_word(scs_base + demcr, trace_enable);
    for (const register_bits& one : part().trace_path)
        write_word(one.address, (read_word(one.address) & ~one.mask) | one.value);
    write_word(port + 0x004, 1);                                  // CSPSR: one pin
    write_word(port + 0x010, prescaler != 0 ? prescaler - 1 : 0); // ACPR
    write_word(port + 0x0F0, tpiu::uart);                         // SPPR
    write_word(port + 0x304, probe.frames ? 0x102 : 0x100);       // FFCR
    write_word(itm_base + 0xFB0, itm::unlock_key);                // LAR
    write_word(
        itm_base + 0xE80, // TCR
        itm_enable | (probe.timestamps ? stamp_enable : 0U) |
            (probe.sync_tap != 0 ? sync_enable : 0U) | hardware_enable | trace_source
    );
    write_word(itm_base + 0xE40, 0xF);         // TPR: as OpenOCD leaves it open to all
    write_word(itm_base + 0xE00, probe.ports); // TER
    write_word(
        dwt_base, // CTRL: CYCCNTENA, POSTPRESET, SYNCTAP, EXCTRCENA
        1U | 0xFU << 1U | probe.sync_tap << 10U | (probe.exception_trace ? 1U << 16U : 0U)
    );
}

} // namespace drone::board

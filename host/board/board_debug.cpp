// SPDX-License-Identifier: MIT

// What a debugger does to the board between two runs: memory, core registers, halt, step, reset.

#include "base/bytes.hpp"
#include "board/board.hpp"

#include <algorithm>
#include <cassert>

namespace drone::board {
namespace {

enum : std::uint32_t {
    dhcsr = scs_base + 0xDF0,
    dcrsr = scs_base + 0xDF4,
};

// DHCSR (C1.6.2)
constexpr std::uint32_t debug_key = 0xA05F;
constexpr std::uint32_t c_debugen = 1U << 0U;
constexpr std::uint32_t c_halt = 1U << 1U;
constexpr std::uint32_t c_step = 1U << 2U;
constexpr std::uint32_t c_maskints = 1U << 3U;
constexpr std::uint32_t s_regrdy = 1U << 16U;
constexpr std::uint32_t s_halt = 1U << 17U;
constexpr std::uint32_t s_sleep = 1U << 18U;
constexpr std::uint32_t s_lockup = 1U << 19U;
constexpr std::uint32_t s_retire_st = 1U << 24U;
constexpr std::uint32_t s_reset_st = 1U << 25U;

// DCRSR (C1.6.3)
constexpr std::uint32_t register_write = 1U << 16U;
constexpr unsigned selector_bits = 0x7F;
constexpr unsigned pc_selector = 15;
constexpr unsigned xpsr_selector = 16;
constexpr unsigned masks_selector = 20;
constexpr unsigned s0_selector = 64;
constexpr unsigned float_registers = 32;

/// The engine's name of a register that is one word of its own.
std::optional<uc_arm_reg> engine_name(unsigned selector) {
    if (selector <= 12) return static_cast<uc_arm_reg>(UC_ARM_REG_R0 + selector);
    if (selector - s0_selector < float_registers)
        return static_cast<uc_arm_reg>(UC_ARM_REG_S0 + (selector - s0_selector));
    switch (selector) {
    case 13:
        return UC_ARM_REG_SP;
    case 14:
        return UC_ARM_REG_LR;
    case 17:
        return UC_ARM_REG_MSP;
    case 18:
        return UC_ARM_REG_PSP;
    case 33:
        return UC_ARM_REG_FPSCR;
    default:
        return std::nullopt;
    }
}

constexpr std::uint32_t application_flags = 0xF80F'0000; // N, Z, C, V, Q, GE
constexpr std::uint32_t thumb = 1U << 24U;

std::uint32_t read_masks(const core& processor) {
    return processor.get(UC_ARM_REG_CONTROL) << 24U | processor.get(UC_ARM_REG_FAULTMASK) << 16U |
           processor.get(UC_ARM_REG_BASEPRI) << 8U | processor.get(UC_ARM_REG_PRIMASK);
}

void write_masks(core& processor, std::uint32_t value) {
    processor.set(UC_ARM_REG_PRIMASK, value & 1U);
    processor.set(UC_ARM_REG_BASEPRI, value >> 8U & 0xFFU);
    processor.set(UC_ARM_REG_FAULTMASK, value >> 16U & 1U);
    processor.set(UC_ARM_REG_CONTROL, value >> 24U);
}

} // namespace

void virtual_board::written::add(std::uint32_t address, std::uint32_t size) {
    begin = std::min(begin, address);
    end = std::max(end, address + size);
}

/// A debugger may have the debug components elsewhere than the core.
std::uint32_t virtual_board::as_core_sees(std::uint32_t address) const {
    if (!part().external.has(address)) return address;
    return address - part().external.begin + part().debug_domain.begin;
}

bool virtual_board::is_register(std::uint32_t address) const {
    return std::ranges::find(register_pages_, address & ~(peripheral_page - 1)) !=
           register_pages_.end();
}

std::optional<std::uint32_t> virtual_board::debug_read(std::uint32_t address, unsigned size) {
    address = as_core_sees(address);
    if (const auto bytes = core_->memory(address, size); !bytes.empty())
        return static_cast<std::uint32_t>(base::load_le(bytes));
    if (!is_register(address)) return std::nullopt;
    const std::uint32_t word = read_word(address & ~3U) >> 8U * (address & 3U);
    return size == 4 ? word : word & ((1U << 8U * size) - 1U);
}

bool virtual_board::debug_write(std::uint32_t address, unsigned size, std::uint32_t value) {
    if (const auto bytes = core_->ram(address, size); !bytes.empty()) {
        const auto all = base::store_le(value);
        std::copy_n(all.begin(), size, bytes.begin());
        ram_changes_.add(address, size);
        return true;
    }
    if (!core_->memory(address, size).empty()) {
        // Flash that does not take it says so in its status register, not on the bus.
        static_cast<void>(write_flash(address, size, value));
        return true;
    }
    if (part().external.has(address)) {
        address = as_core_sees(address);
        if (size != 4 || !is_register(address)) return false;
        clock_.look_now();
        write_word(address, value); // no lock holds from there
        return true;
    }
    if (!is_register(address)) return false;
    switch (address) {
    case dhcsr:
        write_halting_control(value);
        break;
    case dcrsr:
        transfer_core_register(value);
        break;
    default:
        write_register(address, size, value);
    }
    if (devices_.interrupts.take_reset_request()) restart();
    return true;
}

void virtual_board::drive_reset_pin(bool low) {
    const bool rises = devices_.held_in_reset && !low;
    devices_.held_in_reset = low;
    if (rises) restart();
}

void virtual_board::restart() {
    [[maybe_unused]] const auto done = reset();
    assert(done.has_value()); // with a debug port it cannot fail
}

std::uint32_t virtual_board::read_halting_status() {
    core_debug& debug = devices_.debug;
    const bool retired = instructions() != std::exchange(debug.retired_seen, instructions());
    const bool was_reset = std::exchange(debug.was_reset, false);
    return s_regrdy | (debug.enabled ? c_debugen : 0U) | (debug.halted ? c_halt | s_halt : 0U) |
           (debug.steps ? c_step : 0U) | (debug.masks_interrupts ? c_maskints : 0U) |
           (devices_.asleep ? s_sleep : 0U) | (debug.locked_up ? s_lockup : 0U) |
           (retired ? s_retire_st : 0U) | (was_reset ? s_reset_st : 0U);
}

void virtual_board::write_halting_control(std::uint32_t value) {
    if (value >> 16U != debug_key) return;
    core_debug& debug = devices_.debug;
    clock_.look_now();
    debug.enabled = (value & c_debugen) != 0;
    debug.steps = debug.enabled && (value & c_step) != 0;
    debug.masks_interrupts = debug.enabled && (value & c_maskints) != 0;
    if (debug.enabled && (value & c_halt) != 0) {
        if (!debug.halted) devices_.halt(core_debug::halt_request);
        return;
    }
    const bool resumes = std::exchange(debug.halted, false);
    if (resumes && debug.steps) step();
}

void virtual_board::step() {
    const run_limits one_instruction{.cycles = devices_.now + 1};
    run_end end = run(one_instruction);
    while (end.why == run_end::kind::requested)
        end = run(one_instruction);
    if (end.why == run_end::kind::limit) devices_.halt(core_debug::halt_request);
}

void virtual_board::transfer_core_register(std::uint32_t selector) {
    const unsigned number = selector & selector_bits;
    std::uint32_t& data = devices_.debug.data;
    const bool writes = (selector & register_write) != 0;
    if (const auto name = engine_name(number)) {
        if (writes)
            core_->set(*name, data);
        else
            data = core_->get(*name);
        return;
    }
    switch (number) {
    case pc_selector:
        if (writes)
            devices_.next_instruction = data & ~1U;
        else
            data = devices_.next_instruction;
        break;
    case xpsr_selector:
        if (writes)
            core_->set(UC_ARM_REG_XPSR_NZCVQG, (data & application_flags) | thumb);
        else
            data = (core_->get(UC_ARM_REG_XPSR) & application_flags) | thumb |
                   core_->exception_number();
        break;
    case masks_selector:
        if (writes)
            write_masks(*core_, data);
        else
            data = read_masks(*core_);
        break;
    default:
        if (!writes) data = 0;
    }
}

void virtual_board::set_breakpoints() {
    marks_.set_breakpoints(devices_.breakpoints.breakpoints());
    clock_.look_now();
}

/// The engine keeps translated code: what was written since it last ran is translated anew.
void virtual_board::apply_written_memory() {
    if (ram_changes_.any())
        core_->memory_changed(ram_changes_.begin, ram_changes_.end - ram_changes_.begin);
    if (flash_changes_.any()) {
        const std::uint32_t size = flash_changes_.end - flash_changes_.begin;
        core_->memory_changed(flash_origin + flash_changes_.begin, size);
        core_->memory_changed(flash_alias + flash_changes_.begin, size);
        marks_.find_it(core_->flash(), flash_changes_.begin, size);
    }
    ram_changes_ = flash_changes_ = {};
}

std::uint32_t virtual_board::swo_baud() const {
    return devices_.registers.trace_hz(setup_.cpu_hz) / devices_.pin.clocks_per_bit();
}

} // namespace drone::board

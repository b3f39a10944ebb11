// SPDX-License-Identifier: MIT

// The board's course: what happens before each instruction, and what ends a run.

#include "board/board.hpp"

#include "base/bytes.hpp"
#include "board/component_ids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace drone::board {
namespace {

constexpr std::array core_pages{itm_base, dwt_base, fpb_base, scs_base, rom_table_base};

/// Where registers are.
std::vector<std::uint32_t> register_pages_of(const chip& part) {
    std::vector<std::uint32_t> pages(core_pages.begin(), core_pages.end());
    pages.push_back(part.trace_port);
    if (part.has_timers) pages.push_back(timers_base);
    pages.insert(pages.end(), part.pages.begin(), part.pages.end());
    return pages;
}

constexpr std::uint32_t no_program = 0xFFFF'FFFE; // where a core without a vector table starts

constexpr std::uint32_t catch_reset = 1; // DEMCR.VC_CORERESET

constexpr std::uint32_t core_id(core_model model) {
    switch (model) {
    case core_model::m0:
        return 0x410C'C200;
    case core_model::m3:
        return 0x412F'C231;
    case core_model::m7:
        return 0x411F'C271;
    case core_model::m33:
        return 0x411F'D210;
    case core_model::m4:
        break;
    }
    return 0x410F'C241;
}

std::uint16_t halfword(std::span<const std::uint8_t> bytes) {
    return bytes.size() < 2 ? std::uint16_t{0} : base::load_le<std::uint16_t>(bytes.data());
}

/// What a system reset leaves alone: the debug and trace units (ARMv7-M C1.2, B1.5.16).
void keep_debug_domain(peripherals& from, peripherals& to) {
    to.watch = from.watch;
    to.trace = from.trace;
    to.pin = std::move(from.pin);
    to.breakpoints = from.breakpoints;
    to.debug = from.debug;
    to.debug.halted = to.debug.locked_up = false;
    to.debug.was_reset = true;
    to.registers = from.registers;
    to.registers.reset();
    to.monitor_control = from.monitor_control;
    to.held_in_reset = from.held_in_reset;
}

/// A5.1: these begin an instruction of two halfwords.
constexpr std::uint32_t instruction_size(std::uint16_t first) { return first >= 0xE800 ? 4 : 2; }

constexpr bool is_it(std::uint16_t opcode) {
    return (opcode & 0xFF00U) == 0xBF00U && (opcode & 0xFU) != 0;
}

/// Instructions that an IT instruction makes conditional, 1..4.
constexpr unsigned it_length(std::uint16_t opcode) {
    return 4U - static_cast<unsigned>(std::countr_zero(static_cast<unsigned>(opcode & 0xFU)));
}

} // namespace

result<std::unique_ptr<virtual_board>> virtual_board::make(
    const board_setup& setup, const std::vector<std::uint8_t>& flash, board_listener& listener
) {
    constexpr std::uint32_t longest_bit_cycles = 1U << 13U; // what ACPR can hold
    if (setup.probe && (setup.probe->baud > setup.cpu_hz ||
                        setup.cpu_hz / setup.probe->baud > longest_bit_cycles)) {
        return fail(fmt::format(
            "a core of {} Hz cannot send at {} baud; it can from {} to {} baud",
            setup.cpu_hz,
            setup.probe->baud,
            setup.cpu_hz / longest_bit_cycles + 1,
            setup.cpu_hz
        ));
    }
    std::unique_ptr<virtual_board> made(new virtual_board(setup, listener));
    made->register_pages_ = register_pages_of(*setup.part);
    auto processor = core::open(
        setup.model, flash, made->register_pages_, *made, &virtual_board::on_instruction, made.get()
    );
    if (!processor) return std::unexpected(processor.error());
    made->core_ = std::move(*processor);
    made->mark_it_blocks(0, flash_size);
    if (auto started = made->reset(); !started) return std::unexpected(started.error());
    return made;
}

void virtual_board::mark_it_blocks(std::uint32_t offset, std::uint32_t size) {
    const std::span<const std::uint8_t> flash = core_->flash();
    for (std::uint32_t i = offset & ~1U; i < offset + size; i += 2) {
        std::uint8_t& mark = marks_[i / 2];
        mark = static_cast<std::uint8_t>(
            (mark & ~unsigned{marked_it}) |
            (is_it(halfword(flash.subspan(i))) ? unsigned{marked_it} : 0U)
        );
    }
}

result<void> virtual_board::reset() {
    const std::uint32_t stack = core_->read_word(flash_origin).value_or(0);
    const std::uint32_t entry = core_->read_word(flash_origin + 4).value_or(0);
    const bool is_empty = stack == 0xFFFF'FFFF && entry == 0xFFFF'FFFF;
    const bool has_program = !is_empty && (entry & 1U) != 0;
    if (is_empty && !setup_.debug_port) {
        return fail("the flash is empty; flash a firmware first");
    }
    if (!has_program && !setup_.debug_port) {
        return fail(fmt::format(
            "there is no vector table at {:#010x}: the reset vector {:#010x} is not a Thumb address",
            flash_origin,
            entry
        ));
    }
    peripherals fresh(part());
    fresh.now = devices_.now;
    fresh.skipped = devices_.skipped;
    fresh.next_instruction = has_program ? entry & ~1U : no_program;
    fresh.interrupts.set_core_id(core_id(setup_.model));
    // A reset does not unplug the receiver: what is on its way arrives.
    devices_.trace.drain(devices_.pin);
    fresh.debug.enabled = setup_.probe.has_value();
    if (setup_.debug_port) {
        keep_debug_domain(devices_, fresh);
        fresh.debug.locked_up = !has_program;
        if (fresh.debug.enabled && (fresh.monitor_control & catch_reset) != 0)
            fresh.debug.halt(core_debug::vector_catch);
    } else {
        fresh.pin.sent() = std::move(devices_.pin.sent());
    }
    devices_ = std::move(fresh);
    follow_trace_path();
    core_->reset(stack);
    if (setup_.probe) attach_probe(*setup_.probe);
    it_end_ = 0;
    look_now();
    for (board_observer* observer : observers_)
        observer->was_reset(*this);
    return {};
}

run_end virtual_board::run(const run_limits& limits) {
    limits_ = limits;
    first_instruction_ = true;
    if (limits.address) mark(*limits.address);
    if (!can_run()) return {run_end::kind::halted, 0, {}};
    if (devices_.asleep) {
        if (auto end = sleep()) return *std::move(end);
    }
    for (;;) {
        apply_written_memory();
        if (devices_.interrupts.take_reset_request() || std::exchange(reset_wanted_, false)) {
            if (auto done = reset(); !done)
                return {run_end::kind::faulted, 1, done.error().message};
        }
        serve_devices();
        if (const unsigned number = it_end_ == 0 ? devices_.interrupts.next(masks()) : 0) {
            if (auto end = take_exception(number)) return *end;
        }
        schedule();
        why_stopped_ = attention::none;
        const trap why = core_->run(devices_.next_instruction);
        devices_.next_instruction = why.pc;
        if (auto end = handle(why)) {
            if (end->why == run_end::kind::faulted) devices_.debug.locked_up = setup_.debug_port;
            static_cast<void>(hand_over());
            return *std::move(end);
        }
    }
}

void virtual_board::flush_trace() {
    devices_.trace.drain(devices_.pin);
    static_cast<void>(hand_over());
}

void virtual_board::pend_at(std::uint64_t at, unsigned irq) {
    injections_.insert(std::ranges::upper_bound(injections_, at, {}, &injection::at), {at, irq});
    look_now();
}

snapshot virtual_board::save() const { return {devices_, core_->save()}; }

void virtual_board::restore(const snapshot& moment) {
    devices_ = moment.devices;
    devices_.deepest_nesting = devices_.interrupts.nesting().size();
    core_->restore(moment.processor);
    it_end_ = 0;
    look_now();
}

void virtual_board::observe(board_observer& observer) {
    observers_.push_back(&observer);
    observes_everything_ = observes_everything_ || observer.wants_every_instruction();
    look_now();
}

void virtual_board::mark(std::uint32_t address) {
    if (flash_offset(address) < flash_size) marks_[flash_offset(address) / 2] |= marked_address;
}

unsigned virtual_board::marks_at(std::uint32_t address) const {
    const std::uint32_t offset = flash_offset(address);
    return offset < flash_size ? marks_[offset / 2] : 0U;
}

// The one function that runs for every instruction.
void virtual_board::on_instruction(
    uc_engine*, std::uint64_t address, std::uint32_t size, void* self
) {
    auto& board = *static_cast<virtual_board*>(self);
    const auto where = static_cast<std::uint32_t>(address);
    if (board.devices_.now >= board.attention_at_ || board.marks_at(where) != 0) [[unlikely]] {
        if (!board.attend(where, size)) return;
    }
    ++board.devices_.now;
}

/// Returns whether the instruction is executed.
bool virtual_board::attend(std::uint32_t address, std::uint32_t size) {
    if (why_stopped_ != attention::none) return false;
    skip_conditionals(address);
    if (it_end_ != 0) {
        it_expected_ = address + size; // the core cannot be stopped inside the block
    } else if (devices_.now >= due_at_ ||
               (marks_at(address) & (marked_address | marked_breakpoint)) != 0) {
        why_stopped_ = wants_to_stop(address);
        if (why_stopped_ != attention::none) {
            core_->stop();
            return false;
        }
        schedule();
    } else {
        attention_at_ = due_at_; // an IT block has ended
    }
    first_instruction_ = false;
    const unsigned here = marks_at(address);
    if ((here & marked_address) != 0) {
        for (board_observer* observer : observers_)
            observer->reached(*this, address);
    }
    if (observes_everything_) {
        for (board_observer* observer : observers_)
            observer->executing(*this, address);
    }
    if ((here & marked_it) != 0 && it_end_ == 0) {
        std::uint32_t end = address + 2;
        for (unsigned left = it_length(halfword(core_->memory(address, 2))); left != 0; --left)
            end += instruction_size(halfword(core_->memory(end, 2)));
        it_expected_ = address + 2;
        it_end_ = end;
        attention_at_ = 0;
    }
    return true;
}

// Unicorn does not show the instructions of an IT block whose condition fails. They take a cycle
// each on a real core too, so they are counted when the next one is seen.
void virtual_board::skip_conditionals(std::uint32_t address) {
    if (it_end_ == 0) return;
    if (address > it_expected_ && address <= it_end_) {
        for (std::uint32_t at = it_expected_; at < address; ++devices_.now)
            at += instruction_size(halfword(core_->memory(at, 2)));
    }
    if (address < it_expected_ || address >= it_end_) it_end_ = 0;
}

virtual_board::attention virtual_board::wants_to_stop(std::uint32_t address) {
    // Executed from where no IT blocks are marked.
    if (flash_offset(address) >= flash_size && may_be_conditional(address)) return attention::none;
    if ((marks_at(address) & marked_breakpoint) != 0 && devices_.debug.enabled)
        return attention::breakpoint;
    if (limits_.cycles && devices_.now >= *limits_.cycles) return attention::limit;
    if (limits_.address == address && !first_instruction_ &&
        (!limits_.stack || *limits_.stack == core_->get(UC_ARM_REG_SP))) {
        return attention::address;
    }
    if (devices_.now >= poll_at_) return attention::poll;
    // Code that a program has just written to flash.
    if (flash_changes_.any() && !devices_.flash_control.programs()) return attention::exception;
    devices_.next_instruction = address;
    serve_devices();
    if (devices_.interrupts.next(masks()) != exception::none) return attention::exception;
    return attention::none;
}

/// Whether an IT instruction before `address` may reach as far.
bool virtual_board::may_be_conditional(std::uint32_t address) const {
    constexpr std::uint32_t longest_block = 16;
    for (std::uint32_t back = 2; back <= longest_block; back += 2) {
        const std::uint16_t opcode = halfword(core_->memory(address - back, 2));
        if (!is_it(opcode)) continue;
        std::uint32_t at = address - back + 2;
        for (unsigned left = it_length(opcode); left != 0; --left) {
            if (at == address) return true;
            at += instruction_size(halfword(core_->memory(at, 2)));
        }
    }
    return false;
}

exception_masks virtual_board::masks() const {
    return {
        .primask = core_->get(UC_ARM_REG_PRIMASK) != 0 || devices_.debug.masks_interrupts,
        .faultmask = core_->get(UC_ARM_REG_FAULTMASK) != 0,
        .basepri = static_cast<std::uint8_t>(core_->get(UC_ARM_REG_BASEPRI)),
    };
}

std::optional<run_end> virtual_board::handle(const trap& why) {
    switch (why.why) {
    case trap::cause::stopped:
        return stopped();
    case trap::cause::sleep:
        return sleep();
    case trap::cause::exception_return:
        return return_from_exception(why.pc);
    case trap::cause::supervisor_call:
        return call_supervisor();
    case trap::cause::breakpoint:
        return hit_breakpoint();
    case trap::cause::memory_fault:
    case trap::cause::usage_fault:
        break;
    }
    return fault(why);
}

std::optional<run_end> virtual_board::stopped() {
    switch (why_stopped_) {
    case attention::limit:
        return run_end{
            run_end::kind::limit, 0, fmt::format("stopped after {} cycles", devices_.now)
        };
    case attention::address:
        return run_end{run_end::kind::address, 0, {}};
    case attention::poll:
        return poll_listener();
    case attention::breakpoint:
        return halt(core_debug::breakpoint);
    case attention::exception:
    case attention::none:
        break;
    }
    return std::nullopt;
}

std::optional<run_end> virtual_board::poll_listener() {
    poll_at_ = devices_.now + setup_.poll_cycles;
    devices_.trace.advance(devices_.now, devices_.pin);
    if (!hand_over()) return run_end{run_end::kind::requested, 0, {}};
    switch (listener_.poll()) {
    case board_listener::request::stop:
        return run_end{run_end::kind::requested, 0, {}};
    case board_listener::request::reset:
        reset_wanted_ = true;
        break;
    case board_listener::request::none:
        break;
    }
    return std::nullopt;
}

bool virtual_board::hand_over() {
    std::vector<std::uint8_t>& sent = devices_.pin.sent();
    const bool taken = sent.empty() || listener_.swo(sent);
    sent.clear();
    return taken;
}

} // namespace drone::board

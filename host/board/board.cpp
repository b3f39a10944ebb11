// SPDX-License-Identifier: MIT

// The board's course: what happens before each instruction, and what ends a run.

#include "board/board.hpp"

#include "board/component_ids.hpp"
#include "board/semihosting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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
constexpr std::uint16_t semihosting_breakpoint = 0xBEAB;

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
    exception_events& events = *made;
    made->exceptions_ = std::make_unique<board_exceptions>(
        made->setup_, *made->core_, made->devices_, listener, events
    );
    made->marks_.find_it(made->core_->flash(), 0, flash_size);
    if (auto started = made->reset(); !started) return std::unexpected(started.error());
    return made;
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
    conditional_.close();
    clock_.look_now();
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
        clock_.serve();
        if (const unsigned number =
                conditional_.is_open() ? exception::none : exceptions_->next()) {
            if (auto end = exceptions_->enter(number)) return *end;
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

snapshot virtual_board::save() const { return {devices_, core_->save()}; }

void virtual_board::restore(const snapshot& moment) {
    devices_ = moment.devices;
    devices_.deepest_nesting = devices_.interrupts.nesting().size();
    core_->restore(moment.processor);
    conditional_.close();
    clock_.look_now();
}

void virtual_board::observe(board_observer& observer) {
    observers_.push_back(&observer);
    observes_everything_ = observes_everything_ || observer.wants_every_instruction();
    clock_.look_now();
}

// The one function that runs for every instruction.
void virtual_board::on_instruction(
    uc_engine*, std::uint64_t address, std::uint32_t size, void* self
) {
    auto& board = *static_cast<virtual_board*>(self);
    const auto where = static_cast<std::uint32_t>(address);
    if (board.clock_.is_look_due() || board.marks_.at(where) != 0) [[unlikely]] {
        if (!board.attend(where, size)) return;
    }
    ++board.devices_.now;
}

/// Returns whether the instruction is executed.
bool virtual_board::attend(std::uint32_t address, std::uint32_t size) {
    if (why_stopped_ != attention::none) return false;
    devices_.now += conditional_.move_to(*core_, address);
    const unsigned here = marks_.at(address);
    if (conditional_.is_open()) {
        conditional_.expect(address + size); // the core cannot be stopped inside the block
    } else if (clock_.is_due() || (here & (code_marks::watched | code_marks::breakpoint)) != 0) {
        why_stopped_ = wants_to_stop(address);
        if (why_stopped_ != attention::none) {
            core_->stop();
            return false;
        }
        schedule();
    } else {
        clock_.look_when_due(); // an IT block has ended
    }
    first_instruction_ = false;
    if ((here & code_marks::watched) != 0) {
        for (board_observer* observer : observers_)
            observer->reached(*this, address);
    }
    if (observes_everything_) {
        for (board_observer* observer : observers_)
            observer->executing(*this, address);
    }
    if ((here & code_marks::it) != 0 && !conditional_.is_open()) {
        conditional_.open(*core_, address);
        clock_.look_always();
    }
    return true;
}

virtual_board::attention virtual_board::wants_to_stop(std::uint32_t address) {
    // Executed from where no IT blocks are marked.
    if (flash_offset(address) >= flash_size && may_be_conditional(*core_, address))
        return attention::none;
    if ((marks_.at(address) & code_marks::breakpoint) != 0 && devices_.debug.enabled)
        return attention::breakpoint;
    if (limits_.cycles && devices_.now >= *limits_.cycles) return attention::limit;
    if (limits_.address == address && !first_instruction_ &&
        (!limits_.stack || *limits_.stack == core_->get(UC_ARM_REG_SP))) {
        return attention::address;
    }
    if (clock_.is_poll_due()) return attention::poll;
    // Code that a program has just written to flash.
    if (flash_changes_.any() && !devices_.flash_control.programs()) return attention::exception;
    devices_.next_instruction = address;
    clock_.serve();
    if (exceptions_->next() != exception::none) return attention::exception;
    return attention::none;
}

/// Decides up to when instructions may run without a closer look.
void virtual_board::schedule() {
    clock_.schedule(limits_.cycles);
    const bool stops_in_ram = limits_.address && flash_offset(*limits_.address) >= flash_size;
    if (stops_in_ram || observes_everything_) clock_.look_now();
}

void virtual_board::entered_exception(unsigned number) {
    conditional_.close();
    for (board_observer* observer : observers_)
        observer->entered_exception(*this, number);
}

void virtual_board::left_exception(unsigned number) {
    for (board_observer* observer : observers_)
        observer->left_exception(*this, number);
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
        return exceptions_->call_supervisor();
    case trap::cause::breakpoint:
        return hit_breakpoint();
    case trap::cause::memory_fault:
    case trap::cause::usage_fault:
        break;
    }
    return exceptions_->fault(why);
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
        return exceptions_->halt(core_debug::breakpoint);
    case attention::exception:
    case attention::none:
        break;
    }
    return std::nullopt;
}

std::optional<run_end> virtual_board::sleep() {
    devices_.asleep = true;
    for (;;) {
        switch (clock_.sleep(exceptions_->masks(), limits_.cycles)) {
        case board_clock::waking::by_exception:
            devices_.asleep = false;
            return std::nullopt;
        case board_clock::waking::never:
            return run_end{
                run_end::kind::idle,
                0,
                fmt::format(
                    "the core sleeps at {:#010x} and nothing is set up to wake it",
                    devices_.next_instruction
                )
            };
        case board_clock::waking::limit:
            why_stopped_ = attention::limit;
            return stopped();
        case board_clock::waking::poll:
            if (auto end = poll_listener(); end || reset_wanted_) return end;
        }
    }
}

std::optional<run_end> virtual_board::return_from_exception(std::uint32_t exception_return) {
    if (auto end = exceptions_->leave(exception_return)) return end;
    if (devices_.interrupts.sleeps_on_exit() && devices_.interrupts.nesting().empty())
        return sleep();
    return std::nullopt;
}

std::optional<run_end> virtual_board::hit_breakpoint() {
    const auto code = core_->memory(devices_.next_instruction, 2);
    const bool is_semihosting =
        code.size() == 2 && (code[0] | code[1] << 8U) == semihosting_breakpoint;
    if (setup_.debug_port && devices_.debug.enabled)
        return exceptions_->halt(core_debug::breakpoint);
    if (setup_.probe && is_semihosting) return semihost();
    if (setup_.probe) return exceptions_->lockup("breakpoint instruction");
    return exceptions_->fault_at_breakpoint();
}

std::optional<run_end> virtual_board::semihost() {
    const semihosting_result done = semihosting_call(*core_, devices_.now, setup_.cpu_hz);
    if (!done.text.empty()) listener_.console(done.descriptor, done.text);
    if (done.exit_status) return run_end{run_end::kind::exited, *done.exit_status, {}};
    core_->set_result(done.value);
    devices_.next_instruction += 2;
    return std::nullopt;
}

std::optional<run_end> virtual_board::poll_listener() {
    clock_.polled();
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

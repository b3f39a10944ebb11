// SPDX-License-Identifier: MIT
#include "board/board_exceptions.hpp"

#include <drone/handlers.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace drone::board {
namespace {

// CFSR and HFSR (B3.2.15, B3.2.16)
constexpr std::uint32_t precise_bus_error = 1U << 9U | 1U << 15U; // with a valid BFAR
constexpr std::uint32_t undefined_instruction = 1U << 16U;
constexpr std::uint32_t forced = 1U << 30U;
constexpr std::uint32_t debug_event = 1U << 31U;

// DEMCR (C1.6.5)
constexpr std::uint32_t catch_usage = 7U << 5U; // VC_NOCPERR, VC_CHKERR, VC_STATERR
constexpr std::uint32_t catch_bus = 1U << 8U;
constexpr std::uint32_t catch_hard = 1U << 10U;

// UDF #imm8 (A7.7.194). drone/handlers.hpp stops a program with two of them.
constexpr std::uint16_t udf_opcode = 0xDE00;
using detail::exhausted_trap; // r0 = bytes asked for
using detail::misused_trap;   // r0 = the misuse, r1 = the address
constexpr unsigned compilers_trap = 0xFF;

std::string misuse_name(std::uint32_t number) {
    if (number <= static_cast<std::uint32_t>(misuse::not_initialized))
        switch (static_cast<misuse>(number)) {
        case misuse::not_a_block:
            return "a pointer given back that is not a block of it";
        case misuse::double_free:
            return "a block given back twice";
        case misuse::overrun:
            return "bytes after the end of a block were written";
        case misuse::write_after_free:
            return "a free block was written";
        case misuse::not_initialized:
            return "a request before it was initialized";
        }
    return fmt::format("misuse {}", number);
}

/// Why the program stopped itself at the UDF instruction under `pc`; empty at any other instruction.
std::string reason_to_stop(const core& processor, std::uint32_t pc) {
    const auto code = processor.memory(pc, 2);
    if (code.size() != 2 || code[1] != udf_opcode >> 8U) return {};
    const std::uint32_t first = processor.get(UC_ARM_REG_R0);
    switch (code[0]) {
    case exhausted_trap:
        return fmt::format("the heap is exhausted: no memory for {} bytes", first);
    case misused_trap:
        return fmt::format(
            "the heap was misused: {}, at {:#010x}",
            misuse_name(first),
            processor.get(UC_ARM_REG_R1)
        );
    case compilers_trap:
        return "trap (udf #255, as of __builtin_trap)";
    default:
        return fmt::format("undefined instruction (udf #{})", code[0]);
    }
}

} // namespace

exception_masks board_exceptions::masks() const {
    return {
        .primask = core_.get(UC_ARM_REG_PRIMASK) != 0 || devices_.debug.masks_interrupts,
        .faultmask = core_.get(UC_ARM_REG_FAULTMASK) != 0,
        .basepri = static_cast<std::uint8_t>(core_.get(UC_ARM_REG_BASEPRI)),
    };
}

bool board_exceptions::catches_vector(unsigned number) const {
    if (!setup_.debug_port || !devices_.debug.enabled) return false;
    const std::uint32_t caught = devices_.monitor_control;
    switch (number) {
    case exception::hard_fault:
        return (caught & catch_hard) != 0;
    case exception::bus_fault:
        return (caught & catch_bus) != 0;
    case exception::usage_fault:
        return (caught & catch_usage) != 0;
    default:
        return false;
    }
}

std::optional<run_end> board_exceptions::enter(unsigned number) {
    const auto vector = core_.read_word(devices_.interrupts.vector_table() + 4 * number);
    if (!vector || (*vector & 1U) == 0) {
        return lockup(fmt::format(
            "exception {} has no handler: its vector is {:#010x}", number, vector.value_or(0)
        ));
    }
    const std::uint32_t return_address = devices_.next_instruction;
    if (!core_.enter_handler(number, return_address, devices_.interrupts.aligns_stack())) {
        return lockup(fmt::format("exception {} finds no stack", number));
    }
    devices_.interrupts.enter(number);
    devices_.deepest_nesting =
        std::max(devices_.deepest_nesting, devices_.interrupts.nesting().size());
    devices_.next_instruction = *vector & ~1U;
    trace(number, dwt::exception_action::enter);
    events_.entered_exception(number);
    if (!catches_vector(number)) return std::nullopt;
    return halt(core_debug::vector_catch);
}

run_end board_exceptions::halt(core_debug::event why) {
    devices_.halt(why);
    return {run_end::kind::halted, 0, {}};
}

std::optional<run_end> board_exceptions::leave(std::uint32_t exception_return) {
    const unsigned number = core_.exception_number();
    if (number == exception::none) {
        // In thread mode it is an address like any other, and nothing can be executed there.
        const std::string what = fmt::format("instruction fetch from {:#010x}", exception_return);
        return fault({trap::cause::memory_fault, exception_return & ~1U, exception_return, what});
    }
    if (number != exception::nmi) core_.set(UC_ARM_REG_FAULTMASK, 0);
    const auto return_address = core_.leave_handler(exception_return);
    if (!return_address) {
        return lockup(fmt::format("the return from exception {} finds no stack", number));
    }
    devices_.interrupts.leave(number);
    devices_.next_instruction = *return_address;
    trace(number, dwt::exception_action::exit);
    trace(core_.exception_number(), dwt::exception_action::return_to);
    events_.left_exception(number);
    return std::nullopt;
}

void board_exceptions::trace(unsigned number, dwt::exception_action action) {
    if (!devices_.watch.traces_exceptions()) return;
    const std::array<std::uint8_t, 3> packet{
        0x0E,
        static_cast<std::uint8_t>(number),
        static_cast<std::uint8_t>(number >> 8U | static_cast<unsigned>(action) << 4U),
    };
    devices_.trace.hardware_packet(packet, devices_.now, devices_.pin);
}

std::optional<run_end> board_exceptions::call_supervisor() {
    if (devices_.interrupts.can_enter(exception::supervisor_call, masks())) {
        return enter(exception::supervisor_call);
    }
    return fault(
        {trap::cause::usage_fault,
         devices_.next_instruction - 2,
         0,
         "SVC at a priority that cannot take it"}
    );
}

std::optional<run_end> board_exceptions::fault_at_breakpoint() {
    // C1.6.3: without a debugger it is a hard fault.
    devices_.interrupts.note_fault(0, debug_event);
    return fault(
        {trap::cause::usage_fault,
         devices_.next_instruction,
         0,
         "breakpoint instruction and no probe"}
    );
}

std::optional<run_end> board_exceptions::fault(const trap& why) {
    const bool memory = why.why == trap::cause::memory_fault;
    const unsigned own = memory ? exception::bus_fault : exception::usage_fault;
    const bool own_handler =
        devices_.interrupts.fault_enabled(own) && devices_.interrupts.can_enter(own, masks());
    devices_.interrupts.note_fault(
        memory ? precise_bus_error : undefined_instruction, own_handler ? 0 : forced
    );
    if (memory) devices_.interrupts.note_fault_address(why.address);
    const unsigned number = own_handler ? own : exception::hard_fault;
    const std::string stopped = memory ? std::string() : reason_to_stop(core_, why.pc);
    // Nothing of a program is there; a heap that is exhausted hands it out.
    constexpr std::uint32_t null_page = 0x1000;
    const bool is_null = memory && why.address < null_page && why.what.starts_with("write");
    const std::string what = !stopped.empty() ? stopped
                             : is_null
                                 ? why.what + " (a null pointer: did a request for memory fail?)"
                                 : why.what;
    if (!own_handler && !devices_.interrupts.can_enter(exception::hard_fault, masks())) {
        return lockup(what + " inside the fault handler");
    }
    devices_.next_instruction = why.pc;
    const run_end told = lockup(what);
    if (auto end = enter(number)) {
        if (end->why == run_end::kind::halted) return end;
        return run_end{run_end::kind::faulted, 1, told.message + ", and no handler for it"};
    }
    listener_.note(told.message);
    return std::nullopt;
}

run_end board_exceptions::lockup(const std::string& what) const {
    const std::uint32_t stack = core_.get(UC_ARM_REG_SP);
    std::string words;
    for (std::uint32_t i = 0; i < 4; ++i) {
        const auto word = core_.read_word(stack + 4 * i);
        if (!word) break;
        words += fmt::format(" {:08x}", *word);
    }
    return {
        run_end::kind::faulted,
        1,
        fmt::format(
            "{} at pc {:#010x}, lr {:#010x}, sp {:#010x}, exception {}, stack:{}",
            what,
            devices_.next_instruction,
            core_.get(UC_ARM_REG_LR),
            stack,
            core_.exception_number(),
            words.empty() ? " outside RAM" : words
        )
    };
}

} // namespace drone::board

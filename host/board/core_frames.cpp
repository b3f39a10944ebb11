// SPDX-License-Identifier: MIT

// The stack frames of exceptions, which Unicorn leaves to its host.

#include "board/core.hpp"
#include "board/memory_map.hpp"

#include <array>
#include <cstring>

namespace drone::board {
namespace {

// CONTROL (B1.4.4)
constexpr std::uint32_t control_process_stack = 2;
constexpr std::uint32_t control_unprivileged = 1;
constexpr std::uint32_t control_floating_point = 4;
constexpr std::uint32_t control_secure_floating_point = 8;

constexpr std::uint32_t basic_frame = 0x20;
constexpr std::uint32_t extended_frame = 0x68;
constexpr std::uint32_t xpsr_padded = 1U << 9U; // the stack was aligned by four bytes

constexpr std::array frame_registers{
    UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3, UC_ARM_REG_R12, UC_ARM_REG_LR
};

} // namespace

bool core::on_stack(std::uint32_t address, std::uint32_t size) const {
    return address >= ram_origin && address - ram_origin <= ram_size - size;
}

std::uint32_t core::load(std::uint32_t address) const {
    std::uint32_t value = 0;
    std::memcpy(&value, ram_.get() + (address - ram_origin), sizeof value);
    return value;
}

void core::store(std::uint32_t address, std::uint32_t value) {
    std::memcpy(ram_.get() + (address - ram_origin), &value, sizeof value);
}

// B1.5.6:  | r0 r1 r2 r3 r12 lr return xpsr | s0 .. s15 fpscr - |  (old sp)
bool core::enter_handler(unsigned number, std::uint32_t return_address, bool align) {
    const std::uint32_t control = get(UC_ARM_REG_CONTROL);
    const bool in_handler = exception_number() != 0;
    const bool extended = (control & control_floating_point) != 0;
    const bool process_stack = !in_handler && (control & control_process_stack) != 0;
    const std::uint32_t size = extended ? extended_frame : basic_frame;
    const std::uint32_t stack = get(UC_ARM_REG_SP);
    const std::uint32_t padding = align ? stack & 4U : 0;
    const std::uint32_t frame = stack - size - padding;
    if (!on_stack(frame, size)) return false;

    for (std::uint32_t i = 0; i < frame_registers.size(); ++i)
        store(frame + 4 * i, get(frame_registers[i]));
    store(frame + 0x18, return_address);
    store(frame + 0x1C, (get(UC_ARM_REG_XPSR) & ~xpsr_padded) | (padding != 0 ? xpsr_padded : 0));
    if (extended) push_floating_point(frame + basic_frame);
    set(UC_ARM_REG_SP, frame);

    // The engine refuses CONTROL to unprivileged code, and only in handler mode is all privileged.
    const std::uint32_t in_handler_control =
        control & ~(control_process_stack | control_floating_point | control_secure_floating_point);
    const bool unprivileged = (control & control_unprivileged) != 0;
    if (!unprivileged) set(UC_ARM_REG_CONTROL, in_handler_control);
    set(UC_ARM_REG_IPSR, number);
    set(UC_ARM_REG_EPSR, 1U << 24U); // Thumb, no IT block
    if (unprivileged) set(UC_ARM_REG_CONTROL, in_handler_control);

    std::uint32_t exception_return = in_handler ? 0xFFFF'FFF1 : 0xFFFF'FFF9;
    if (process_stack) exception_return |= 4U;
    if (extended) exception_return &= ~0x10U;
    set(UC_ARM_REG_LR, exception_return);
    clear_exclusive();
    return true;
}

std::optional<std::uint32_t> core::leave_handler(std::uint32_t exception_return) {
    const bool extended = (exception_return & 0x10U) == 0;
    const bool process_stack = (exception_return & 4U) != 0;
    const std::uint32_t size = extended ? extended_frame : basic_frame;
    const uc_arm_reg stack_pointer = process_stack ? UC_ARM_REG_PSP : UC_ARM_REG_MSP;
    const std::uint32_t frame = get(stack_pointer);
    if (!on_stack(frame, size)) return std::nullopt;

    for (std::uint32_t i = 0; i < frame_registers.size(); ++i)
        set(frame_registers[i], load(frame + 4 * i));
    const std::uint32_t return_address = load(frame + 0x18);
    const std::uint32_t xpsr = load(frame + 0x1C);
    if (extended) pop_floating_point(frame + basic_frame);

    // Order matters: these are writes of privileged code, and the last one may end that.
    const std::uint32_t control =
        (get(UC_ARM_REG_CONTROL) & ~(control_floating_point | control_secure_floating_point)) |
        (extended ? control_floating_point | control_secure_floating_point : 0U);
    set(UC_ARM_REG_CONTROL, control);
    set(stack_pointer, frame + size + ((xpsr & xpsr_padded) != 0 ? 4U : 0U));
    set(UC_ARM_REG_XPSR_NZCVQG, xpsr & ~xpsr_padded);
    if (process_stack) set(UC_ARM_REG_CONTROL, control | control_process_stack);
    clear_exclusive();
    return return_address & ~1U;
}

void core::push_floating_point(std::uint32_t frame) {
    for (unsigned i = 0; i < 8; ++i) {
        std::uint64_t pair = 0;
        uc_reg_read(engine_.get(), static_cast<int>(UC_ARM_REG_D0 + i), &pair);
        store(frame + 8 * i, static_cast<std::uint32_t>(pair));
        store(frame + 8 * i + 4, static_cast<std::uint32_t>(pair >> 32U));
    }
    store(frame + 0x40, get(UC_ARM_REG_FPSCR));
}

void core::pop_floating_point(std::uint32_t frame) {
    for (unsigned i = 0; i < 8; ++i) {
        const std::uint64_t pair = load(frame + 8 * i) | std::uint64_t{load(frame + 8 * i + 4)}
                                                             << 32U;
        uc_reg_write(engine_.get(), static_cast<int>(UC_ARM_REG_D0 + i), &pair);
    }
    set(UC_ARM_REG_FPSCR, load(frame + 0x40));
}

} // namespace drone::board

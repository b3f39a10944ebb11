// SPDX-License-Identifier: MIT
#pragma once

// Calls in machine code. Whether a code address can be what a call returns to: the instruction before it is a call. An
// address that is not was damaged on its way, or belongs to another build than the one looked at.

#include <cstddef>
#include <cstdint>
#include <span>

namespace drone::frames {

/// The instruction set of a firmware or program.
enum class machine : std::uint8_t { arm, riscv, x86, other };

/// `before` is the code that ends at the address, at least the eight bytes right before it where
/// there are so many. Thumb code for Arm. For other machines nothing can be said: false.
[[nodiscard]] bool ends_with_call(machine of, std::span<const std::byte> before);

/// Bytes of the instruction, Thumb or RISC-V, that begins with this halfword: 2 or 4.
[[nodiscard]] std::size_t instruction_length(machine of, std::uint16_t first_half);

/// Whether one instruction, Thumb or RISC-V, of that length is a call.
[[nodiscard]] bool is_call(machine of, std::span<const std::byte> instruction);

} // namespace drone::frames

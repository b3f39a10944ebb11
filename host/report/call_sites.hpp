// SPDX-License-Identifier: MIT
#pragma once

// Whether a code address can be what a call returns to: the instruction before it is a call. An
// address that is not was damaged on its way, or belongs to another build than the one looked at.

#include <cstddef>
#include <cstdint>
#include <span>

namespace drone::report {

/// The instruction set of a firmware or program.
enum class machine : std::uint8_t { arm, riscv, x86, other };

/// `before` is the code that ends at the address, at least the eight bytes right before it where
/// there are so many. Thumb code for Arm. For other machines nothing can be said: false.
[[nodiscard]] bool ends_with_call(machine of, std::span<const std::byte> before);

} // namespace drone::report

// SPDX-License-Identifier: MIT
#pragma once

// Who asks a heap for memory.

#include <drone/language.hpp>

namespace drone {

/// Where the program called the heap, and its stack pointer there: where a walk up its stack begins.
struct call_site {
    const void* address = nullptr; ///< of code: what the call returns to
    const void* stack = nullptr;   ///< null: not known, and the stack is this one frame

    constexpr call_site() = default;
    constexpr call_site(const void* code, const void* stack_there = nullptr) noexcept
        : address(code), stack(stack_there) {}
};

} // namespace drone

/// Who called a function, in the function itself, which must not be inlined: it would be its caller's
/// caller.
#define DRONE_CALL_SITE                                                                            \
    drone::call_site { __builtin_return_address(0), __builtin_dwarf_cfa() }

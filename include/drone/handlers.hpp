// SPDX-License-Identifier: MIT
#pragma once

// What happens when a program cannot continue: two functions that a project may define, in any
// source file. Without them the processor stops at a trap. A debugger, a fault handler or the
// virtual board can read its cause:
//
//     heap_exhausted    Arm: udf #0xE1, r0 = bytes asked for
//     heap_misused      Arm: udf #0xE2, r0 = the misuse, r1 = the address
//
// Other cores stop at the compiler's trap instruction, in a function of the same name.

#include <drone/language.hpp>

#include <cstddef>
#include <cstdint>

namespace drone {

/// What a heap can find wrong.
enum class misuse : std::uint8_t {
    not_a_block,      ///< a pointer given back that is foreign, interior, or another heap's
    double_free,      ///< a block given back that is not in use
    overrun,          ///< bytes past the requested size were written
    write_after_free, ///< a free block was written
    not_initialized,  ///< a request before initialize(); does start-up run .preinit_array?
};

/// Called when operator new cannot return and no new handler is left. Must not return. Any context.
[[noreturn, gnu::weak]] void heap_exhausted(std::size_t size_bytes);

/// Called with the first misuse that is found, in the context that found it, and with the block;
/// for not_initialized, with the heap. Must not return.
[[noreturn, gnu::weak]] void heap_misused(misuse what, const void* address);

namespace detail {

inline constexpr unsigned exhausted_trap = 0xE1;
inline constexpr unsigned misused_trap = 0xE2;

template <unsigned Number>
[[noreturn, gnu::always_inline]] inline void
trap([[maybe_unused]] std::uintptr_t first, [[maybe_unused]] std::uintptr_t second) noexcept {
#if defined(__arm__)
    register std::uintptr_t r0 asm("r0") = first;
    register std::uintptr_t r1 asm("r1") = second;
    asm volatile("udf %c2" : : "r"(r0), "r"(r1), "i"(Number));
    __builtin_unreachable();
#else
    __builtin_trap();
#endif
}

// The names that a debugger shows.

[[noreturn, gnu::noinline, gnu::cold]] inline void on_heap_exhausted(std::size_t size_bytes) {
    if (heap_exhausted != nullptr) heap_exhausted(size_bytes);
    trap<exhausted_trap>(size_bytes, 0);
}

[[noreturn, gnu::noinline, gnu::cold]] inline void
on_heap_misused(misuse what, const void* address) {
    if (heap_misused != nullptr) heap_misused(what, address);
    trap<misused_trap>(
        static_cast<std::uintptr_t>(what), reinterpret_cast<std::uintptr_t>(address)
    );
}

} // namespace detail

} // namespace drone

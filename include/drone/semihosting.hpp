// SPDX-License-Identifier: MIT
#pragma once

// Semihosting: a program under a debugger, or in an emulator, uses the files and the console of the
// debugger (Arm semihosting specification 2.0; RISC-V differs only in the trap).

#include <drone/exclusive.hpp>
#include <drone/log.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace drone {

/// How a core asks its debugger: the number of an operation and the address of its parameters; the
/// answer.
template <class Trap>
concept semihosting_trap = requires(std::uintptr_t operation, const void* parameters) {
    { Trap::call(operation, parameters) } noexcept -> std::same_as<std::intptr_t>;
};

/// The operations that Drone uses. Without a debugger the trap is a fault.
template <semihosting_trap Trap>
struct semihosting {
    /// How a file is opened.
    enum class mode : std::uintptr_t { write = 4, write_binary = 5, append = 8 };

    /// The handle of a file on the host, or -1. `:tt` is the console: its output opened to write,
    /// its errors opened to append.
    template <std::size_t Size>
    [[nodiscard]] static std::intptr_t open(const char (&name)[Size], mode how) noexcept {
        const std::uintptr_t parameters[3] = {
            reinterpret_cast<std::uintptr_t>(name), static_cast<std::uintptr_t>(how), Size - 1
        };
        return Trap::call(sys_open, parameters);
    }

    /// Whether all of it was written.
    static bool write(std::intptr_t handle, const void* from, std::size_t size) noexcept {
        const std::uintptr_t parameters[3] = {
            static_cast<std::uintptr_t>(handle), reinterpret_cast<std::uintptr_t>(from), size
        };
        return Trap::call(sys_write, parameters) == 0;
    }

    /// Ends the program with this status. Returns only if the debugger cannot do that.
    static void exit(int status) noexcept {
        const std::uintptr_t parameters[2] = {
            application_exit, static_cast<std::uintptr_t>(status)
        };
        Trap::call(sys_exit_extended, parameters);
    }

private:
    static constexpr std::uintptr_t sys_open = 0x01;
    static constexpr std::uintptr_t sys_write = 0x05;
    static constexpr std::uintptr_t sys_exit_extended = 0x20;
    static constexpr std::uintptr_t application_exit = 0x2'0026;
};

/// A log_carrier over semihosting. Port 0 is the debugger's console, port 1 its errors. Port 31 is
/// the file `heaptrace` in the debugger's working folder, which `drone heap` reads as it is. Other
/// ports are not enabled, and neither is one whose file cannot be opened. Core keeps other contexts
/// out while a file is opened.
///
/// Nothing needs to be wired. The core stops for every write: for long with a debug probe, which
/// polls, and for a short time in QEMU. Without a debugger a write is a fault. So choose it for a
/// run under a debugger, not for a product.
template <semihosting_trap Trap, exclusive_access Core>
class semihosting_carrier {
public:
    [[nodiscard]] static bool enabled(unsigned port) noexcept {
        switch (port) {
        case standard_output_port:
            return output_ >= 0;
        case standard_error_port:
            return error_ >= 0;
        case heap_trace_port:
            return heap_trace_ >= 0;
        default:
            return false;
        }
    }

    [[nodiscard]] static bool ready(unsigned port) noexcept { return enabled(port); }

    static void write(unsigned port, std::uint32_t value) noexcept {
        write_bytes(port, &value, sizeof value);
    }
    static void write(unsigned port, std::uint8_t value) noexcept {
        write_bytes(port, &value, sizeof value);
    }

private:
    using debugger = semihosting<Trap>;
    using mode = typename debugger::mode;

    static void write_bytes(unsigned port, const void* from, std::size_t size) noexcept {
        switch (port) {
        case standard_output_port:
            return write_file(output_, ":tt", mode::write, from, size);
        case standard_error_port:
            return write_file(error_, ":tt", mode::append, from, size);
        case heap_trace_port:
            return write_file(heap_trace_, "heaptrace", mode::write_binary, from, size);
        default:
            return;
        }
    }

    template <std::size_t Size>
    static void write_file(
        std::intptr_t& handle,
        const char (&name)[Size],
        mode how,
        const void* from,
        std::size_t size
    ) noexcept {
        {
            const typename Core::critical_section masked;
            if (handle == 0) handle = debugger::open(name, how);
        }
        if (handle >= 0 && !debugger::write(handle, from, size)) handle = -1;
    }

    // 0: not opened yet, -1: it cannot be, or it is full.
    inline static std::intptr_t output_ = 0;
    inline static std::intptr_t error_ = 0;
    inline static std::intptr_t heap_trace_ = 0;
};

} // namespace drone

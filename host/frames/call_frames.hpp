// SPDX-License-Identifier: MIT
#pragma once

// What .debug_frame says at every call of a program.

#include "base/error.hpp"
#include "frames/call_sites.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace drone::frames {

/// A frame at a call: bytes from the stack pointer there.
struct call_frame {
    std::uint32_t size =
        0; ///< to the caller's stack pointer; 0: it cannot be told without registers
    std::uint32_t slot = 0; ///< to the word that has the return address

    friend bool operator==(call_frame, call_frame) = default;
};

/// A call, by the address that it returns to, without the Thumb bit.
struct call_site {
    std::uint32_t return_address = 0;
    call_frame frame;
};

/// A stretch of code with its calls, ascending: a function, or what no function is known to be in.
struct code_range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::vector<call_site> calls;
};

/// The code of a linked program for a 32-bit Arm (Thumb) or RISC-V core, ascending. Fails for another
/// file, and for one without .debug_frame.
[[nodiscard]] result<std::vector<code_range>> read_call_frames(const std::filesystem::path& elf);

} // namespace drone::frames

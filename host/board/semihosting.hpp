// SPDX-License-Identifier: MIT
#pragma once

// ARM semihosting, the part of it that a firmware under test needs: text out, time, and the end of
// the program (Arm's "Semihosting for AArch32 and AArch64").

#include "board/core.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace drone::board {

/// What a semihosting call gives back, and what it does outside.
struct semihosting_result {
    std::uint32_t value = 0; ///< for r0
    int descriptor = 1;      ///< of the text: 1 output, 2 errors
    std::string text = {};
    std::optional<int> exit_status = std::nullopt; ///< the firmware ends here
};

/// Does what the BKPT 0xAB at the pc asks for. Calls that need a file system fail.
[[nodiscard]] semihosting_result
semihosting_call(const core& processor, std::uint64_t now, std::uint32_t cpu_hz);

} // namespace drone::board

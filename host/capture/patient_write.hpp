// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

namespace drone::capture {

/// Writes all bytes to a pipe that does not block. A reader may pause as long as it likes, until `end`
/// becomes readable; after that one that takes nothing for so long is gone. Whether all was taken.
[[nodiscard]] bool patient_write(
    int pipe, int end, std::span<const std::uint8_t> bytes, std::chrono::milliseconds patience
);

} // namespace drone::capture

// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace drone::report {

/// Numbers as a short text: differences, zigzag, LEB128, base64. page/data.js reads it.
[[nodiscard]] std::string packed(std::span<const std::uint64_t> values);

/// Bytes as base64.
[[nodiscard]] std::string base64(std::span<const std::uint8_t> bytes);

} // namespace drone::report

// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace drone::base {

/// How bytes are packed.
enum class packing { none, zstd, gzip };

/// How these bytes are packed, by their first ones.
[[nodiscard]] packing packing_of(std::span<const std::byte> bytes) noexcept;

/// What unpacking gave.
struct unpacked {
    std::vector<std::byte> bytes;
    bool whole = false;    ///< false: the input ended, or went bad, before its own end
    bool too_much = false; ///< it would have been more than the limit; nothing is kept
};

/// Unpacks, but not to more than `limit` bytes.
[[nodiscard]] unpacked unpack(std::span<const std::byte> packed, packing how, std::size_t limit);

} // namespace drone::base

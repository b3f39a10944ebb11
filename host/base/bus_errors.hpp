// SPDX-License-Identifier: MIT
#pragma once

// A mapped file that is cut raises SIGBUS where its bytes were. For mappings that are watched, the
// handler here puts zeros there instead and notes it.

#include <cstddef>
#include <span>

namespace drone::base {

/// Watches a mapping of whole pages. False when there are too many already; it must then not be
/// read as a mapping.
[[nodiscard]] bool watch_mapping(std::span<const std::byte> mapping);

/// Ends the watch; call it before the mapping goes.
void unwatch_mapping(std::span<const std::byte> mapping) noexcept;

/// Whether a read of this watched mapping failed.
[[nodiscard]] bool mapping_failed(std::span<const std::byte> mapping) noexcept;

} // namespace drone::base

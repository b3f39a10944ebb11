// SPDX-License-Identifier: MIT
#pragma once

// Failed requests are demand, but some of them no layout can serve: larger than the heap, aligned
// to more than a heap offers, or of a size that the trace could not record.

#include "usage/demand.hpp"

#include <cstdint>
#include <optional>

namespace drone::layout {

/// The run without the failed requests that no heap of `heap_bytes` serves; without the size, that
/// no heap serves. Nothing when the run has none. O(steps).
[[nodiscard]] std::optional<usage::demand>
without_hopeless(const usage::demand& run, std::optional<std::uint64_t> heap_bytes);

} // namespace drone::layout

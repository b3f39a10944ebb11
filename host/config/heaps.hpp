// SPDX-License-Identifier: MIT
#pragma once

// The heaps that [heap] describes. Private to config/.

#include "config/config.hpp"
#include "config/table.hpp"

#include <vector>

namespace drone::config {

/// The heaps of a [heap] table, main first: `[heap]` itself or `[heap.main]`, then every other
/// table in it. With `memory`, heaps must fit the memory too.
[[nodiscard]] result<std::vector<heap>>
read_heaps(const table& section, const std::optional<memory>& memory);

} // namespace drone::config

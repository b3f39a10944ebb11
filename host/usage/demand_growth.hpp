// SPDX-License-Identifier: MIT
#pragma once

#include "usage/demand.hpp"
#include "usage/leaks.hpp"

#include <vector>

namespace drone::usage {

/// The sizes of a run whose live count keeps growing, the worst first. No pool is large enough for
/// them.
[[nodiscard]] std::vector<growth> find_growth(const demand& run);

} // namespace drone::usage

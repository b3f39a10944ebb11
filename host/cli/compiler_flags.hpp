// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "config/chip.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace drone::cli {

/// What GCC and clang must know of a core: "-mcpu=cortex-m4 -mthumb ...". The same as
/// drone_cortex_m_flags() of cmake/CortexM.cmake. Without a unit, the core has what is usual.
[[nodiscard]] result<std::string>
core_flags(std::string_view core, std::optional<config::fpu> unit = std::nullopt);

} // namespace drone::cli

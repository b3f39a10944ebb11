// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace drone::cli {

/// What GCC and clang must know of a core: "-mcpu=cortex-m4 -mthumb ...". The same as
/// drone_cortex_m_flags() of cmake/CortexM.cmake.
[[nodiscard]] result<std::string> core_flags(std::string_view core);

} // namespace drone::cli

// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"

#include <string>

namespace drone::base {

/// Whether `program` can be started: a name on PATH, or a path. Otherwise the error says that it is
/// not installed.
[[nodiscard]] result<void> require_program(const std::string& program);

} // namespace drone::base

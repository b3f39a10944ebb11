// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

namespace drone::cli {

/// How far the reading of a file is, for trace::source::watch(): a line on standard error that
/// changes with every percent and is gone at the end. Empty where standard error is not a terminal,
/// or the file is so small that nobody waits for it.
[[nodiscard]] std::function<void(double share)> progress_of(const std::string& file);

} // namespace drone::cli

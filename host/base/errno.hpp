// SPDX-License-Identifier: MIT
#pragma once

// What the system reports by errno, in words and as an error.

#include "base/error.hpp"

#include <string>
#include <string_view>

namespace drone::base {

/// "No such file or directory" for ENOENT.
[[nodiscard]] std::string errno_text(int number);

/// The kind of failure that an errno value is.
[[nodiscard]] error_kind errno_kind(int number) noexcept;

/// `WHERE: TEXT` or, with a hint of what to do, `WHERE: TEXT; HINT`.
[[nodiscard]] std::unexpected<error>
fail_with_errno(std::string_view where, int number, std::string_view hint = {});

} // namespace drone::base

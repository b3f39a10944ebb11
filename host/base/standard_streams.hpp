// SPDX-License-Identifier: MIT
#pragma once

namespace drone::base {

/// For the beginning of main(): opens /dev/null where standard input, output or error is closed, so
/// that no file opened later gets their numbers. It is opened so that reading input or writing output
/// still fails.
void keep_standard_streams() noexcept;

} // namespace drone::base

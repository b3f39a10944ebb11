// SPDX-License-Identifier: MIT
#pragma once

// The transports behind open_source(), each in a file of its own. Their arguments are the part of
// the spelling after the scheme.

#include "base/error.hpp"
#include "capture/source.hpp"

#include <memory>
#include <string>
#include <system_error>

namespace drone::capture {

/// What an errno value means.
[[nodiscard]] inline std::string reason(int error_number) {
    return std::generic_category().message(error_number);
}

/// `PATH@BAUD`.
[[nodiscard]] result<std::unique_ptr<source>> open_serial(const std::string& line);

/// A terminal that is open already, made raw; its speed stays as it is.
[[nodiscard]] result<std::unique_ptr<source>> open_terminal(unique_fd fd, const std::string& path);

/// `HOST:PORT`; an IPv6 address stands in brackets.
[[nodiscard]] result<std::unique_ptr<source>> open_tcp(const std::string& server);
[[nodiscard]] result<std::unique_ptr<source>> open_openocd_trace(const std::string& server);

/// A socket connected to `HOST:PORT`.
[[nodiscard]] result<unique_fd> connect_tcp(const std::string& server);

} // namespace drone::capture

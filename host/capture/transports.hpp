// SPDX-License-Identifier: MIT
#pragma once

// The transports behind open_source(), each in a file of its own. Their arguments are the part of
// the spelling after the scheme.

#include "base/descriptor.hpp"
#include "base/errno.hpp"
#include "capture/source.hpp"

#include <memory>
#include <string>

namespace drone::capture {

using base::errno_text;

/// `PATH@BAUD`.
[[nodiscard]] result<std::unique_ptr<source>> open_serial(const std::string& line);

/// A terminal that is open already, made raw; its speed stays as it is.
[[nodiscard]] result<std::unique_ptr<source>>
open_terminal(base::descriptor fd, const std::string& path);

/// `HOST:PORT`; an IPv6 address is in brackets.
[[nodiscard]] result<std::unique_ptr<source>> open_tcp(const std::string& server);
[[nodiscard]] result<std::unique_ptr<source>> open_openocd_trace(const std::string& server);
/// `HOST:PORT`, or `HOST:PORT,ORIGIN+SIZE` with the memory in which the block is looked for.
[[nodiscard]] result<std::unique_ptr<source>> open_gdb_rtt(const std::string& spelling);

/// A socket connected to `HOST:PORT`.
[[nodiscard]] result<base::descriptor> connect_tcp(const std::string& server);

} // namespace drone::capture

// SPDX-License-Identifier: MIT
#pragma once

// One capture from its source to its sinks: reads, decodes, hands on, and reports how it goes. It
// ends with the source, with Ctrl-C or SIGTERM (what is on its way is still taken), or when no
// output is left.

#include "base/error.hpp"
#include "capture/sink.hpp"
#include "capture/source.hpp"
#include "capture/stop_signal.hpp"
#include "stream/decoder.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace drone::capture {

/// What a capture has seen so far.
struct progress {
    std::uint64_t bytes = 0;     ///< from the source
    std::uint64_t packets = 0;   ///< well-formed ones
    std::uint64_t overflows = 0; ///< overflow packets
    std::uint64_t malformed = 0; ///< bytes in no packet
    std::uint64_t missing = 0;   ///< bytes that the link or a stage below lost
    std::uint64_t microseconds = 0;
    double queue_fill = 0; ///< 0..1 of what may wait between reading and writing
};

/// Hears how a capture goes; the command prints it.
class observer {
public:
    virtual ~observer() = default;
    /// A line for the user: a source fell silent, closed, came back.
    virtual void notice(std::string_view line) = 0;
    /// An output or the source failed; the exit code will be 1.
    virtual void failure(const error& what) = 0;
    /// A few times a second, and at the end.
    virtual void status(const progress& so_far) = 0;

protected:
    observer() = default;
    observer(const observer&) = default;
    observer& operator=(const observer&) = default;
};

using opener = std::function<result<std::unique_ptr<source>>()>;

/// How a capture reads its source.
struct settings {
    stream::format format;
    opener open{};           ///< opens the source; called again by `comes_back`
    bool comes_back = false; ///< wait for the source, also when it goes away
    bool tells_end = false;  ///< tell the user if a live source ends by itself
};

/// Runs it to the end. Returns what was seen; `hears` learned whether it went well.
progress run(const settings& how, sink& to, observer& hears, stop_signal& stop);

} // namespace drone::capture

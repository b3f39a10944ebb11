// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.hpp"
#include "stream/packet.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace drone::capture {

/// What a capture feeds: packets, and what else there is to know about their arrival.
class sink : public stream::packet_sink {
public:
    /// Whether the packets must carry the target's time. They arrive later for it.
    [[nodiscard]] virtual bool wants_time() const { return false; }
    [[nodiscard]] bool wants_writes_alone() const override { return true; }
    /// The packets that follow arrived at `microseconds` of the host's clock since the capture
    /// began. Called for live sources only, never going backwards.
    virtual void arrived(std::uint64_t microseconds) { static_cast<void>(microseconds); }
    /// The packets of one batch are there: write.
    virtual void flush() {}
    /// The last packet was there: what waits for more is written as it is.
    virtual void finish() {}
    /// Nobody listens any more, so that the capture may as well end.
    [[nodiscard]] virtual bool deaf() const { return false; }
    /// What failed since the last call, a line each.
    [[nodiscard]] virtual std::vector<error> take_failures() { return {}; }
    /// After finish(): what the user should know, a line each.
    [[nodiscard]] virtual std::vector<std::string> remarks() const { return {}; }
};

} // namespace drone::capture

// SPDX-License-Identifier: MIT
#pragma once

// What a capture feeds: a packet sink that also hears of time and of batches.

#include "base/error.hpp"
#include "stream/packet.hpp"

#include <cstdint>
#include <vector>

namespace drone::capture {

class consumer : public stream::packet_sink {
public:
    /// The packets that follow arrived at `microseconds` of the host's clock since the capture
    /// began. Called for live sources only, never going backwards.
    virtual void arrived(std::uint64_t microseconds) { static_cast<void>(microseconds); }
    /// Nothing came for a while: what waited for a packet to follow must wait no longer.
    virtual void fell_silent() {}
    /// The packets of one batch are there: write.
    virtual void flush() = 0;
    /// The last packet was there: what waits for more is written as it is.
    virtual void finish() {}
    /// No one listens any more, so that the capture may as well end.
    [[nodiscard]] virtual bool deaf() const = 0;
    /// What failed since the last call, a line each.
    [[nodiscard]] virtual std::vector<error> take_failures() = 0;
};

} // namespace drone::capture

// SPDX-License-Identifier: MIT
#pragma once

// When packets happened. A local timestamp comes behind the packets that it times (ARMv7-M D4.2.4),
// so packets are held until it does, then handed on with their time. A stream without timestamps is
// recognised after some hundred packets and then passed on as it comes; release() lets go of what
// is held when the stream falls silent. Pure: the only clock is the target's.

#include "stream/packet.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace drone::stream {

/// Takes packets with their time in ticks of the target's trace clock, counted from the start of
/// the capture. No time: no timestamp came yet. Behind the last timestamp: that one's.
class timed_sink {
public:
    virtual ~timed_sink() = default;
    using ticks = std::optional<std::uint64_t>;
    virtual void on_packet(const located_packet& found, ticks time) = 0;
    /// As packet_sink::on_run. Only of packets that no timestamp follows.
    virtual void on_run(const software_run& run, ticks time) {
        for (std::size_t i = 0; i < run.count(); ++i)
            on_packet(run.packet_at(i), time);
    }

protected:
    timed_sink() = default;
    timed_sink(const timed_sink&) = default;
    timed_sink& operator=(const timed_sink&) = default;
};

class timeline : public packet_sink {
public:
    explicit timeline(timed_sink& to) : to_(to) {}

    void on_packet(const located_packet& found) override;
    void on_run(const software_run& run) override;
    /// Hands on what is held.
    void release();

private:
    /// Packets behind the last timestamp that are held before the next is given up.
    static constexpr std::size_t patience = 256;

    void stamp(const local_timestamp& by);

    timed_sink& to_;
    std::vector<located_packet> held_;
    bool timed_ = true; ///< a timestamp is expected
    timed_sink::ticks now_;
};

} // namespace drone::stream

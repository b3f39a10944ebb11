// SPDX-License-Identifier: MIT
#pragma once

#include "stream/packet.hpp"

#include <vector>

namespace drone::stream {

/// When packets happened: hands packets on with their time.
///
/// A local timestamp comes after the packets that it times (ARMv7-M D4.2.4), so packets are held
/// until it does. A stream without timestamps is recognised after some hundred packets and then
/// passed on as it comes. After the last timestamp, packets have that one's time. Pure: the only
/// clock is the target's.
class timeline : public packet_sink {
public:
    /// Nobody may want times: then every packet passes at once, without one.
    explicit timeline(packet_sink& to, bool wanted = true) : to_(to), wanted_(wanted) {}

    void on_packet(const located_packet& found) override;
    void on_run(const software_run& run) override;
    /// Hands on what is held: the stream fell silent or ended.
    void release();

private:
    /// Packets after the last timestamp that are held before the next is given up.
    static constexpr std::size_t patience = 256;

    void pass(located_packet found);
    void stamp(const located_packet& found, std::uint32_t ticks);

    packet_sink& to_;
    bool wanted_;
    std::vector<located_packet> held_;
    bool timed_ = true; ///< a timestamp is expected
    moment now_;
};

} // namespace drone::stream

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
    /// What the sink wants.
    struct wishes {
        bool time = true;          ///< without, every packet passes at once, without a time
        bool writes_alone = false; ///< writes to stimulus ports are enough
    };

    explicit timeline(packet_sink& to) : timeline(to, wishes{}) {}
    timeline(packet_sink& to, wishes what) : to_(to), what_(what) {}

    void on_packet(const located_packet& found) override;
    void on_run(const software_run& run) override;
    [[nodiscard]] bool wants_writes_alone() const override { return what_.writes_alone; }
    void on_writes(const write_batch& batch) override;
    /// Hands on what is held: the stream fell silent or ended.
    void release();

private:
    /// Packets after the last timestamp that are held before the next is given up.
    static constexpr std::size_t patience = 256;

    void hold(const write_batch& batch);
    void pass(located_packet found);
    void stamp(const located_packet& found, std::uint32_t ticks);

    packet_sink& to_;
    wishes what_;
    std::vector<located_packet> held_;
    bool timed_ = true; ///< a timestamp is expected
    moment now_;
};

} // namespace drone::stream

// SPDX-License-Identifier: MIT
#pragma once

// Text of stimulus ports with the target's time before every line: `[ticks] text`. A line has the
// time of its first byte and is written when it is complete, so lines of several ports do not mix.

#include "capture/output.hpp"
#include "stream/packet.hpp"
#include "stream/timeline.hpp"

#include <array>
#include <bitset>
#include <string>

namespace drone::capture {

class timed_lines : public stream::timed_sink {
public:
    using port_set = std::bitset<256>;

    timed_lines(const port_set& ports, output& to) : ports_(ports), to_(to) {}

    void on_packet(const stream::located_packet& found, ticks time) override;
    /// Writes the lines that are not complete.
    void finish();

private:
    struct line {
        ticks began;
        std::string text;
    };

    void write(line& complete);

    port_set ports_;
    output& to_;
    std::array<line, 256> lines_;
};

} // namespace drone::capture

// SPDX-License-Identifier: MIT
#pragma once

#include "capture/output_sink.hpp"
#include "capture/port_set.hpp"

#include <array>
#include <string>
#include <utility>

namespace drone::capture {

/// Text of stimulus ports with the target's time before every line: `[ticks] text`. A line has the
/// time of its first byte and is written when it is complete, so lines of several ports do not mix.
/// A line that does not end is cut after 4,096 bytes.
class timed_lines : public output_sink {
public:
    static constexpr std::size_t longest_line = 4096;

    timed_lines(const port_set& ports, output to) : output_sink(std::move(to)), ports_(ports) {}

    void on_packet(const stream::located_packet& found) override;
    [[nodiscard]] bool wants_time() const override { return true; }
    /// Writes the lines that are not complete.
    void finish() override;

private:
    struct line {
        stream::moment began;
        std::string text;
    };

    void end_line(line& now);

    port_set ports_;
    std::array<line, 256> lines_;
};

} // namespace drone::capture

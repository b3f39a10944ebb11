// SPDX-License-Identifier: MIT
#pragma once

#include "capture/output_sink.hpp"
#include "capture/port_set.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace drone::capture {

/// Text of stimulus ports with the target's time before every line: `[ticks] text`, or `[seconds s]
/// text`. A line has the time of its first byte and is written when it is complete, so lines of
/// several ports do not mix. A line that does not end is cut after 4,096 bytes.
class timed_lines : public output_sink {
public:
    static constexpr std::size_t longest_line = 4096;

    /// `core_clock`: Hz, makes seconds of ticks.
    timed_lines(const port_set& ports, output to, std::optional<std::uint32_t> core_clock)
        : output_sink(std::move(to)), ports_(ports), core_clock_(core_clock) {}

    void on_packet(const stream::located_packet& found) override;
    [[nodiscard]] bool wants_time() const override { return true; }
    /// Writes the lines that are not complete.
    void finish() override;
    [[nodiscard]] std::vector<std::string> remarks() const override;

private:
    struct line {
        stream::moment began;
        std::string text;
    };

    void end_line(line& now);

    [[nodiscard]] std::string time_of(const line& now) const;

    port_set ports_;
    std::optional<std::uint32_t> core_clock_;
    bool has_time_ = false; ///< some line has
    bool has_line_ = false;
    std::array<line, 256> lines_;
};

} // namespace drone::capture

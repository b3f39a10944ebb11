// SPDX-License-Identifier: MIT
#pragma once

// Every packet on standard output, a line each: its offset, what it says (stream/describe.hpp), and
// the target's time once a timestamp told it; or the same as JSON.

#include "capture/consumer.hpp"
#include "capture/output.hpp"
#include "stream/timeline.hpp"

namespace drone::capture {

class packet_list : public consumer, private stream::timed_sink {
public:
    enum class style : std::uint8_t { text, json };

    explicit packet_list(style how) : how_(how) {}

    void on_packet(const stream::located_packet& found) override { times_.on_packet(found); }
    void fell_silent() override { times_.release(); }
    void flush() override { to_.flush(); }
    void finish() override { times_.release(); }
    [[nodiscard]] bool deaf() const override { return to_.failed(); }
    [[nodiscard]] std::vector<error> take_failures() override;

private:
    void on_packet(const stream::located_packet& found, ticks time) override;

    style how_;
    output to_{""};
    stream::timeline times_{*this};
};

} // namespace drone::capture

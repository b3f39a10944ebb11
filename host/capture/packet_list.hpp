// SPDX-License-Identifier: MIT
#pragma once

#include "capture/output_sink.hpp"
#include "capture/port_set.hpp"

#include <optional>
#include <utility>

namespace drone::capture {

/// Packets, a line each: the offset, what it says (stream/describe.hpp), and the target's time once
/// a timestamp gave it; or the same as JSON.
class packet_list : public output_sink {
public:
    enum class style : std::uint8_t { text, json };

    /// Of all packets, or of the writes to some ports alone.
    packet_list(style how, output to, std::optional<port_set> of = {})
        : output_sink(std::move(to)), how_(how), of_(of) {}

    void on_packet(const stream::located_packet& found) override;
    [[nodiscard]] bool wants_time() const override { return true; }
    [[nodiscard]] bool wants_writes_alone() const override { return false; }

private:
    style how_;
    std::optional<port_set> of_;
};

} // namespace drone::capture

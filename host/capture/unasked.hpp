// SPDX-License-Identifier: MIT
#pragma once

#include "capture/port_set.hpp"
#include "capture/sink.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace drone::capture {

/// Counts the writes to ports that no output is of, so that nothing of a capture is left out in
/// silence.
class unasked : public sink {
public:
    /// `what` begins the line that reports them.
    unasked(const port_set& asked, std::string what) : asked_(asked), what_(std::move(what)) {}

    void on_packet(const stream::located_packet& found) override;
    void on_run(const stream::software_run& run) override;
    void on_writes(const stream::write_batch& batch) override;
    /// Whether the other sinks listen is what decides.
    [[nodiscard]] bool deaf() const override { return true; }
    [[nodiscard]] std::vector<std::string> remarks() const override;

private:
    port_set asked_;
    std::string what_;
    std::array<std::uint64_t, 256> packets_{}; ///< of the ports that are asked for, too
};

} // namespace drone::capture

// SPDX-License-Identifier: MIT
#pragma once

#include "capture/output_sink.hpp"
#include "capture/port_set.hpp"

#include <utility>

namespace drone::capture {

/// Exactly the payload bytes of some ports, in the order of the stream.
class port_bytes : public output_sink {
public:
    port_bytes(const port_set& ports, output to) : output_sink(std::move(to)), ports_(ports) {}

    void on_packet(const stream::located_packet& found) override;
    void on_run(const stream::software_run& run) override;
    void on_writes(const stream::write_batch& batch) override;

private:
    port_set ports_;
};

} // namespace drone::capture

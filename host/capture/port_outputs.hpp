// SPDX-License-Identifier: MIT
#pragma once

// Stimulus ports to files and standard output: every output gets exactly the payload bytes of its
// ports, in the order of the stream.

#include "capture/consumer.hpp"
#include "capture/output.hpp"
#include "capture/output_spec.hpp"

#include <array>
#include <deque>
#include <vector>

namespace drone::capture {

class port_outputs : public consumer {
public:
    explicit port_outputs(const std::vector<output_spec>& specs);

    void on_packet(const stream::located_packet& found) override;
    void on_words(const stream::word_run& run) override;
    void flush() override;
    [[nodiscard]] bool deaf() const override;
    [[nodiscard]] std::vector<error> take_failures() override;

private:
    std::deque<output> outputs_;
    std::array<std::vector<output*>, 256> of_port_;
};

} // namespace drone::capture

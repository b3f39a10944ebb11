// SPDX-License-Identifier: MIT
#include "capture/port_outputs.hpp"

#include <algorithm>

namespace drone::capture {

port_outputs::port_outputs(const std::vector<output_spec>& specs) {
    for (const output_spec& spec : specs) {
        output& added = outputs_.emplace_back(spec.path);
        for (std::size_t port = 0; port < of_port_.size(); ++port) {
            const auto number = static_cast<std::uint8_t>(port);
            if (spec.ports.empty() || std::ranges::binary_search(spec.ports, number))
                of_port_[port].push_back(&added);
        }
    }
}

void port_outputs::on_packet(const stream::located_packet& found) {
    const auto* written = std::get_if<stream::software>(&found.value);
    if (written == nullptr) return;
    const std::array<std::uint8_t, 4> bytes{
        static_cast<std::uint8_t>(written->value),
        static_cast<std::uint8_t>(written->value >> 8U),
        static_cast<std::uint8_t>(written->value >> 16U),
        static_cast<std::uint8_t>(written->value >> 24U),
    };
    for (output* const to : of_port_[written->port])
        to->append({bytes.data(), written->size});
}

void port_outputs::on_words(const stream::word_run& run) {
    for (output* const to : of_port_[run.port])
        to->append_words(run);
}

void port_outputs::flush() {
    for (output& to : outputs_)
        to.flush();
}

bool port_outputs::deaf() const { return std::ranges::all_of(outputs_, &output::failed); }

std::vector<error> port_outputs::take_failures() {
    std::vector<error> failures;
    for (output& to : outputs_)
        if (auto failure = to.take_failure()) failures.push_back(std::move(*failure));
    return failures;
}

} // namespace drone::capture

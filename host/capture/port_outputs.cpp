// SPDX-License-Identifier: MIT
#include "capture/port_outputs.hpp"

#include "base/bytes.hpp"

#include <algorithm>

namespace drone::capture {

port_outputs::port_outputs(const std::vector<output_spec>& specs, text how) {
    for (const output_spec& spec : specs) {
        output& added = outputs_.emplace_back(spec.path);
        timed_lines::port_set ports;
        for (const std::uint8_t port : spec.ports)
            ports.set(port);
        if (spec.ports.empty()) ports.set();
        if (ports.count() == 1 && ports.test(heap_trace_port))
            heap_traces_.emplace_back(added);
        else if (how == text::timed)
            timed_texts_.emplace_back(ports, added);
        else
            add_untimed(ports, added);
    }
}

void port_outputs::add_untimed(const timed_lines::port_set& ports, output& to) {
    for (std::size_t port = 0; port < of_port_.size(); ++port)
        if (ports.test(port)) of_port_[port].push_back(&to);
}

void port_outputs::on_packet(const stream::located_packet& found) {
    for (heap_trace& trace : heap_traces_)
        trace.times.on_packet(found);
    for (timed_text& one : timed_texts_)
        one.times.on_packet(found);
    const auto* written = std::get_if<stream::software>(&found.value);
    if (written == nullptr) return;
    const auto bytes = base::store_le(written->value);
    for (output* const to : of_port_[written->port])
        to->append({bytes.data(), written->size});
}

void port_outputs::on_run(const stream::software_run& run) {
    if (run.port % 32 == heap_trace_port)
        for (heap_trace& trace : heap_traces_)
            trace.times.on_run(run);
    for (timed_text& one : timed_texts_)
        one.times.on_run(run);
    for (output* const to : of_port_[run.port])
        to->append_run(run);
}

void port_outputs::arrived(std::uint64_t microseconds) {
    for (heap_trace& trace : heap_traces_)
        trace.writer.arrived(microseconds);
}

void port_outputs::fell_silent() {
    for (heap_trace& trace : heap_traces_)
        trace.times.release();
    for (timed_text& one : timed_texts_)
        one.times.release();
}

void port_outputs::flush() {
    for (output& to : outputs_)
        to.flush();
}

void port_outputs::finish() {
    fell_silent();
    for (heap_trace& trace : heap_traces_)
        trace.writer.finish();
    for (timed_text& one : timed_texts_)
        one.lines.finish();
}

bool port_outputs::deaf() const { return std::ranges::all_of(outputs_, &output::failed); }

std::vector<error> port_outputs::take_failures() {
    std::vector<error> failures;
    for (output& to : outputs_)
        if (auto failure = to.take_failure()) failures.push_back(std::move(*failure));
    return failures;
}

} // namespace drone::capture

// SPDX-License-Identifier: MIT
#pragma once

// Stimulus ports to files and standard output. An output gets exactly the payload bytes of its
// ports, in the order of the stream. Two kinds of output get more: one of the heap-trace port alone
// (heap_trace_writer.hpp), and, where times are asked for, lines of text (timed_lines.hpp).

#include "capture/consumer.hpp"
#include "capture/heap_trace_writer.hpp"
#include "capture/output.hpp"
#include "capture/output_spec.hpp"
#include "capture/timed_lines.hpp"
#include "stream/timeline.hpp"

#include <array>
#include <deque>
#include <vector>

namespace drone::capture {

/// The port of the main heap's trace.
inline constexpr std::uint8_t heap_trace_port = 31;

class port_outputs : public consumer {
public:
    enum class text : std::uint8_t { as_it_is, timed };

    explicit port_outputs(const std::vector<output_spec>& specs, text how = text::as_it_is);

    void on_packet(const stream::located_packet& found) override;
    void on_run(const stream::software_run& run) override;
    void arrived(std::uint64_t microseconds) override;
    void fell_silent() override;
    void flush() override;
    void finish() override;
    [[nodiscard]] bool deaf() const override;
    [[nodiscard]] std::vector<error> take_failures() override;

private:
    struct heap_trace {
        heap_trace_writer writer;
        stream::timeline times{writer};
        explicit heap_trace(output& to) : writer(heap_trace_port, to) {}
    };
    struct timed_text {
        timed_lines lines;
        stream::timeline times{lines};
        timed_text(const timed_lines::port_set& ports, output& to) : lines(ports, to) {}
    };

    void add_untimed(const timed_lines::port_set& ports, output& to);

    std::deque<output> outputs_;
    std::array<std::vector<output*>, 256> of_port_; ///< those that get the payload as it is
    std::deque<heap_trace> heap_traces_;
    std::deque<timed_text> timed_texts_;
};

} // namespace drone::capture

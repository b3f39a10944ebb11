// SPDX-License-Identifier: MIT
#pragma once

#include "capture/heap_trace_writer.hpp"
#include "capture/output.hpp"
#include "stream/decoder.hpp"
#include "stream/timeline.hpp"

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <vector>

namespace drone::trace {

/// The stream of an SWO pin as `drone log heaptrace:31` writes it. Throws a std::runtime_error that
/// says what went wrong.
inline void
capture_trace(const std::vector<std::uint8_t>& sent, const std::filesystem::path& file) {
    capture::heap_trace_writer writer(31, capture::output(file.string()));
    stream::timeline times(writer);
    const auto decoder = stream::make_decoder({});
    decoder->feed(sent, times);
    decoder->finish(times);
    times.release();
    writer.finish();
    writer.flush();
    for (const error& failure : writer.take_failures())
        throw std::runtime_error(failure.message);
}

} // namespace drone::trace

// SPDX-License-Identifier: MIT
#pragma once

// One run of the firmware: its calls as the emulator saw them, and its trace through the decoder,
// the capture and the reader of `drone`.

#include "faces.hpp"
#include "trace/findings.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace drone::calls {

struct recording {
    std::vector<logged_call> calls; ///< that the program made, by time of entry
    std::size_t inner_calls = 0;    ///< of a face by another: no calls of the program
    std::size_t preempted = 0;      ///< calls in which an interrupt made one
    std::vector<std::uint8_t> sent; ///< by the SWO pin
    std::vector<heap_event> events; ///< as they stood on the wire
    std::uint32_t arena = 0;        ///< address of the heap's offset 0
    std::uint32_t region = 0;       ///< offset of the heap's overflow region; 0: it has none
    trace::findings found;
    std::uint64_t told_gaps = 0;
};

enum class tells : std::uint8_t {
    events,
    who,             ///< and callers and contexts
    who_with_region, ///< the same of a heap with an overflow region
};

/// Runs the firmware for so many steps of its main program; the heap trace stays at `trace`. Throws
/// a std::runtime_error that says what went wrong.
recording record(tells what, std::uint32_t steps, const std::filesystem::path& trace);

} // namespace drone::calls

// SPDX-License-Identifier: MIT
#pragma once

// A trace as the layout problem sees it (demand.hpp).

#include "base/error.hpp"
#include "trace/read.hpp"
#include "usage/demand.hpp"

#include <cstdint>
#include <optional>

namespace drone::usage {

/// The alignment of requests in a format that does not say it, bytes: malloc's, which is the default
/// alignment, but the granule in records of Drone 0.14 and Drone 2022, whose heap aligned a block as
/// its size is.
[[nodiscard]] std::uint32_t usual_alignment(trace::format f);

/// What one run asked of its heap. `assumed_alignment`, bytes, a power of two, is that of requests of
/// which the trace does not say it; without it, the format's usual one. Fails when the trace has
/// more classes of requests than a demand can hold. Memory: 2 bytes a change, 6 where blocks have
/// identity.
[[nodiscard]] result<demand> make_demand(
    const trace::source& from, std::optional<std::uint32_t> assumed_alignment = std::nullopt
);

/// The same, and what the reader had to say; the trace is read once, into `beside`, too.
struct demand_and_findings {
    usage::demand demand;
    trace::findings findings;
};
[[nodiscard]] result<demand_and_findings> read_demand(
    const trace::source& from,
    std::optional<std::uint32_t> assumed_alignment = std::nullopt,
    trace::sink* beside = nullptr
);

} // namespace drone::usage

// SPDX-License-Identifier: MIT
#pragma once

// A trace as the layout problem sees it (demand.hpp).

#include "base/error.hpp"
#include "trace/read.hpp"
#include "usage/demand.hpp"

namespace drone::usage {

/// What one run asked of its heap. Fails when the trace has more classes of requests than a demand
/// can hold. Memory: 2 bytes a change, 6 where blocks have identity.
[[nodiscard]] result<demand> make_demand(const trace::source& from);

/// The same, and what the reader had to say; the trace is read once.
struct demand_and_findings {
    usage::demand demand;
    trace::findings findings;
};
[[nodiscard]] result<demand_and_findings> read_demand(const trace::source& from);

} // namespace drone::usage

// SPDX-License-Identifier: MIT
#pragma once

// A trace as the layout problem sees it (demand.hpp).

#include "error.hpp"
#include "trace/demand.hpp"
#include "trace/read.hpp"

namespace drone::trace {

/// What one run asked of its heap. Fails when the trace has more classes of requests than a demand
/// can hold. Memory: 2 bytes a change, 6 where blocks have identity.
[[nodiscard]] result<demand> make_demand(const source& from);

/// The same, and what the reader had to say; the trace is read once.
struct demand_and_findings {
    trace::demand demand;
    trace::findings findings;
};
[[nodiscard]] result<demand_and_findings> read_demand(const source& from);

} // namespace drone::trace

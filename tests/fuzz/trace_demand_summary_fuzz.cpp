// SPDX-License-Identifier: MIT

// Any text as a summary of demand: no crash, and changes that fit each other.

#include "fuzz/trace_checking.hpp"
#include "trace/formats/demand_summary.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace drone::trace;
    checking_sink to;
    static_cast<void>(demand_summary_version(fuzz_text(data, size)));
    static_cast<void>(read_demand_summary(fuzz_text(data, size), to));
    return 0;
}

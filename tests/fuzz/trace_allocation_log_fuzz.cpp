// SPDX-License-Identifier: MIT

// Any text as an allocation log: no crash, and changes that fit each other.

#include "fuzz/trace_checking.hpp"
#include "trace/formats/allocation_log.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace drone::trace;
    checking_sink to;
    static_cast<void>(read_allocation_log(fuzz_text(data, size), to));
    return 0;
}

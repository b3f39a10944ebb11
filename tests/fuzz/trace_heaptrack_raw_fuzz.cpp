// SPDX-License-Identifier: MIT

// Any text as a raw file of heaptrack: no crash, and changes that fit each other.

#include "fuzz/trace_checking.hpp"
#include "trace/formats/heaptrack.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace drone::trace;
    checking_sink to;
    static_cast<void>(read_raw_heaptrack(fuzz_text(data, size), to));
    return 0;
}

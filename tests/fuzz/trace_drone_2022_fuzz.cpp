// SPDX-License-Identifier: MIT

// Any bytes as a heap trace of Drone 2022: no crash, and changes that fit each other.

#include "fuzz/trace_checking.hpp"
#include "trace/formats/drone_records.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace drone::trace;
    checking_sink to;
    static_cast<void>(read_drone_2022(fuzz_bytes(data, size), to));
    return 0;
}

// SPDX-License-Identifier: MIT

// Any bytes as a native heap trace: no crash, and changes that fit each other.

#include "fuzz/trace_checking.hpp"
#include "trace/formats/native/native.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace drone::trace;
    checking_sink to;
    const auto bytes = fuzz_bytes(data, size);
    if (const auto first = find_announcement(bytes))
        static_cast<void>(read_native(bytes, *first, to));
    return 0;
}

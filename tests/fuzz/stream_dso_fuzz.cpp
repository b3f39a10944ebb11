// SPDX-License-Identifier: MIT

// DSO: any bytes decode to the same packets at any split.

#include "fuzz/stream_splits.hpp"
#include "stream/dso_decoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    drone::stream::expect_same_at_any_split<drone::stream::dso_decoder>({data, size});
    return 0;
}

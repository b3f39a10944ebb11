// SPDX-License-Identifier: MIT

// TPIU: any bytes decode to the same packets at any split.

#include "fuzz/stream_splits.hpp"
#include "stream/tpiu_decoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    drone::stream::expect_same_at_any_split<drone::stream::tpiu_decoder>(
        {data, size}, std::uint8_t{1}
    );
    return 0;
}

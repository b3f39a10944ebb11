// SPDX-License-Identifier: MIT

// Any bytes as a memory dump: no crash, words that lie within the dump, and changes that fit each
// other.

#include "fuzz/trace_checking.hpp"
#include "trace/formats/native/native.hpp"
#include "trace/formats/native/ring_dump.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace drone::trace;
    const auto dump = fuzz_bytes(data, size);
    for (const dumped_ring& ring : find_rings(dump).rings)
        if (ring.unrotated().size() > size) std::abort();
    const auto ring = read_ring(dump);
    if (!ring || !*ring) return 0;
    checking_sink to;
    static_cast<void>(read_native((*ring)->words, find_announcement((*ring)->words).value(), to));
    return 0;
}

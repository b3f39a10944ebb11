// SPDX-License-Identifier: MIT

// ITM: any bytes, at any split, decode to what the slow reference decoder says. The first byte of
// the input chooses the pieces.

#include "stream/collected.hpp"
#include "stream/reference_itm.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace drone::stream;
    if (size == 0) return 0;
    const std::size_t piece = 1 + data[0] % 40U;
    const std::span<const std::uint8_t> input(data + 1, size - 1);
    itm_decoder decoder;
    collected sink;
    for (auto rest = input; !rest.empty(); rest = rest.subspan(std::min(piece, rest.size())))
        decoder.feed(rest.first(std::min(piece, rest.size())), sink);
    decoder.finish(sink);
    if (sink.packets != reference::decode_itm({input.begin(), input.end()})) std::abort();
    for (const located_packet& found : sink.packets)
        if (describe_json(found).empty()) std::abort();
    return 0;
}

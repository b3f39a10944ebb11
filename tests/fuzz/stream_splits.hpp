// SPDX-License-Identifier: MIT
#pragma once

// What fuzzers of decoders share: a decoder must give the same packets for the whole input and for
// pieces of it. The first byte of the input chooses the pieces.

#include "stream/collected.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>

namespace drone::stream {

template <class Decoder>
void expect_same_at_any_split(std::span<const std::uint8_t> data, auto... settings) {
    if (data.empty()) return;
    const std::size_t piece = 1 + data[0] % 100U;
    const auto input = data.subspan(1);
    Decoder whole(settings...);
    collected expected;
    whole.feed(input, expected);
    whole.finish(expected);
    Decoder decoder(settings...);
    collected sink;
    for (auto rest = input; !rest.empty(); rest = rest.subspan(std::min(piece, rest.size())))
        decoder.feed(rest.first(std::min(piece, rest.size())), sink);
    decoder.finish(sink);
    if (sink.packets != expected.packets) std::abort();
}

} // namespace drone::stream

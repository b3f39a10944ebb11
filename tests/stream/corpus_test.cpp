// SPDX-License-Identifier: MIT

// What the fuzzers found worth keeping (tests/fuzz/corpus), in every test run. The first byte of an
// input chooses the pieces in which it is fed.

#include "collected.hpp"
#include "paths.hpp"
#include "reference_itm.hpp"
#include "stream/dso_decoder.hpp"
#include "stream/tpiu_decoder.hpp"
#include "vectors.hpp"

#include <gtest/gtest.h>

namespace drone::stream {

namespace {

using bytes = std::vector<std::uint8_t>;

std::vector<bytes> corpus(const std::string& name) {
    std::vector<bytes> all;
    const auto folder = std::filesystem::path(DRONE_SOURCE_DIR) / "tests/fuzz/corpus" / name;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        all.push_back(vectors::bytes(entry.path()));
    EXPECT_FALSE(all.empty()) << folder;
    return all;
}

/// The packets of everything after the first byte, fed in pieces of `piece` bytes.
std::vector<located_packet> decoded(decoder& by, const bytes& input, std::size_t piece) {
    collected sink;
    for (auto rest = std::span(input).subspan(1); !rest.empty();) {
        const std::size_t size = std::min(piece, rest.size());
        by.feed(rest.first(size), sink);
        rest = rest.subspan(size);
    }
    by.finish(sink);
    return sink.packets;
}

std::size_t chosen_piece(const bytes& input) { return 1 + input[0] % 40U; }

} // namespace

TEST(Corpus, OfItmDecodesAsTheReferenceSays) {
    for (const bytes& input : corpus("stream_itm")) {
        if (input.empty()) continue;
        itm_decoder decoder;
        const bytes rest(input.begin() + 1, input.end());
        EXPECT_EQ(decoded(decoder, input, chosen_piece(input)), reference::decode_itm(rest));
    }
}

TEST(Corpus, OfTpiuAndDsoDecodesTheSameAtAnySplit) {
    for (const bytes& input : corpus("stream_tpiu")) {
        if (input.empty()) continue;
        tpiu_decoder whole(1);
        tpiu_decoder pieces(1);
        EXPECT_EQ(decoded(pieces, input, chosen_piece(input)), decoded(whole, input, input.size()));
    }
    for (const bytes& input : corpus("stream_dso")) {
        if (input.empty()) continue;
        dso_decoder whole;
        dso_decoder pieces;
        EXPECT_EQ(decoded(pieces, input, chosen_piece(input)), decoded(whole, input, input.size()));
    }
}

} // namespace drone::stream

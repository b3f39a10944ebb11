// SPDX-License-Identifier: MIT
#include "collected.hpp"
#include "stream/dso_decoder.hpp"
#include "streams.hpp"

#include <gmock/gmock.h>

namespace drone::stream {

namespace {

std::vector<std::string> decoded(const byte_string& bytes) {
    dso_decoder decoder;
    collected sink;
    decoder.feed(bytes, sink);
    decoder.finish(sink);
    std::vector<std::string> lines;
    for (const located_packet& found : sink.packets)
        lines.push_back(text(found));
    return lines;
}

using testing::ElementsAre;

} // namespace

TEST(Dso, ReadsPortAndLengthFromTheHeader) {
    // Port 31 in 1001011'1 1111'0011, four bytes.
    EXPECT_THAT(
        decoded({0x97, 0xF3, 0x11, 0x22, 0x33, 0x44, 0x96, 0x00, 0x41}),
        ElementsAre("0 SW port=31 size=4 value=0x44332211", "6 SW port=0 size=1 value=0x41")
    );
}

TEST(Dso, SplitsALongPayloadIntoWords) {
    byte_string bytes;
    encode_dso(5, byte_string{1, 2, 3, 4, 5, 6, 7}, bytes);
    EXPECT_THAT(
        decoded(bytes),
        ElementsAre("0 SW port=5 size=4 value=0x04030201", "6 SW port=5 size=3 value=0x070605")
    );
}

TEST(Dso, GathersBytesThatBeginNoPacket) {
    EXPECT_THAT(
        decoded({0x00, 0x12, 0x96, 0x00, 0x41, 0x55}),
        ElementsAre(
            "0 BAD unframed=2 00 12", "2 SW port=0 size=1 value=0x41", "5 BAD unframed=1 55"
        )
    );
}

TEST(Dso, SaysWhereTheEndCutAPacket) {
    EXPECT_THAT(decoded({0x97, 0xF3, 0x11}), ElementsAre("0 TRUNCATED hdr=97"));
}

TEST(Dso, GivesTheSamePacketsAtAnySplit) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        random_source random(seed);
        byte_string bytes;
        for (int i = 0; i < 10; ++i) {
            const byte_string payload(1 + below(random, 16), telling_byte(random));
            if (below(random, 4) == 0) bytes.push_back(telling_byte(random));
            encode_dso(static_cast<std::uint8_t>(below(random, 32)), payload, bytes);
        }
        dso_decoder whole;
        collected expected;
        whole.feed(bytes, expected);
        whole.finish(expected);
        dso_decoder decoder;
        collected sink;
        feed_in_pieces(decoder, bytes, 5, random, sink);
        ASSERT_EQ(sink.packets, expected.packets) << seed;
    }
}

} // namespace drone::stream

// SPDX-License-Identifier: MIT
#include "collected.hpp"
#include "reference_itm.hpp"
#include "streams.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

namespace drone::stream {

namespace {

/// How many streams the comparison tries; DRONE_FUZZ_STREAMS=1000000 for a long run.
std::uint64_t stream_count(std::uint64_t otherwise) {
    const char* const asked = std::getenv("DRONE_FUZZ_STREAMS");
    return asked != nullptr ? std::strtoull(asked, nullptr, 10) : otherwise;
}

std::string hexadecimal(const byte_string& bytes) {
    return fmt::format("{:02x}", fmt::join(bytes, " "));
}

std::string listing(const std::vector<located_packet>& packets) {
    std::string lines;
    for (const located_packet& found : packets)
        lines += fmt::format("{}{}\n", text(found), found.tentative ? " ?" : "");
    return lines;
}

std::vector<std::string> decoded(const byte_string& bytes) {
    std::vector<std::string> lines;
    for (const located_packet& found : decode_itm(bytes))
        lines.push_back(text(found));
    return lines;
}

using testing::ElementsAre;

} // namespace

TEST(ItmDecoder, AgreesWithTheReferenceOnRandomAndDamagedStreamsAtAnySplit) {
    const std::uint64_t count = stream_count(30'000);
    for (std::uint64_t seed = 0; seed < count; ++seed) {
        random_source random(seed);
        const byte_string bytes = any_stream(random);
        itm_decoder decoder;
        collected sink;
        feed_in_pieces(decoder, bytes, 1 + below(random, 12), random, sink);
        const auto expected = reference::decode_itm(bytes);
        ASSERT_EQ(listing(sink.packets), listing(expected))
            << "seed " << seed << ": " << hexadecimal(bytes);
        ASSERT_EQ(sink.packets, expected) << "seed " << seed << ": " << hexadecimal(bytes);
    }
}

TEST(ItmDecoder, GivesTheSamePacketsForEverySplitInTwo) {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        random_source random(seed);
        const byte_string bytes = any_stream(random);
        const auto expected = decode_itm(bytes);
        for (std::size_t at = 0; at <= bytes.size(); ++at) {
            itm_decoder decoder;
            collected sink;
            decoder.feed(std::span(bytes).first(at), sink);
            decoder.feed(std::span(bytes).subspan(at), sink);
            decoder.finish(sink);
            ASSERT_EQ(listing(sink.packets), listing(expected)) << "split at " << at;
        }
    }
}

TEST(ItmDecoder, DecodesWhatTheEncoderWrites) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        random_source random(seed);
        std::vector<packet> written;
        byte_string bytes;
        std::uint8_t page = 0;
        for (int i = 0; i < 20; ++i) {
            packet next = any_packet(random);
            if (const auto* turned = std::get_if<stimulus_page>(&next)) page = turned->page;
            if (std::holds_alternative<synchronisation>(next)) page = 0;
            if (auto* value = std::get_if<software>(&next))
                value->port = static_cast<std::uint8_t>(value->port % 32 + page * 32);
            // Two synchronisations in a row need no separation, zeros and a packet do not differ.
            written.push_back(next);
            encode_itm(next, bytes);
        }
        std::vector<packet> read;
        for (const located_packet& found : decode_itm(bytes))
            read.push_back(found.value);
        ASSERT_EQ(read.size(), written.size()) << hexadecimal(bytes);
        for (std::size_t i = 0; i < read.size(); ++i)
            ASSERT_EQ(describe(read[i]), describe(written[i])) << hexadecimal(bytes);
    }
}

TEST(ItmDecoder, EveryByteIsInExactlyOnePacket) {
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        random_source random(seed);
        const byte_string bytes = any_stream(random);
        const auto packets = decode_itm(bytes);
        std::uint64_t next = 0;
        for (std::size_t i = 0; i < packets.size(); ++i) {
            ASSERT_EQ(packets[i].offset, next);
            next = i + 1 < packets.size() ? packets[i + 1].offset : bytes.size();
            ASSERT_GT(next, packets[i].offset);
        }
    }
}

TEST(ItmDecoder, HandsOnAPacketWithItsLastByteUnlessItEndsInZeros) {
    itm_decoder decoder;
    collected sink;
    decoder.feed(byte_string{0xFB, 0x11, 0x22, 0x33, 0x44}, sink);
    EXPECT_EQ(sink.packets.size(), 1U);
    decoder.feed(byte_string{0xFB, 0x11, 0x22, 0x33, 0x00}, sink);
    EXPECT_EQ(sink.packets.size(), 1U);
    decoder.feed(byte_string{0x01}, sink);
    EXPECT_EQ(sink.packets.size(), 2U);
}

TEST(ItmDecoder, MarksPacketsThatNoSynchronisationVouchesFor) {
    const auto packets =
        decode_itm(byte_string{0x01, 0x41, 0, 0, 0, 0, 0, 0x80, 0x01, 0x42, 0, 0, 0x01, 0x43});
    std::vector<bool> tentative;
    for (const located_packet& found : packets)
        tentative.push_back(found.tentative);
    EXPECT_THAT(tentative, ElementsAre(true, false, false, true, true));
}

TEST(ItmDecoder, APageEndsAtASynchronisation) {
    EXPECT_THAT(
        decoded({0x18, 0x01, 0x41, 0, 0, 0, 0, 0, 0x80, 0x01, 0x42}),
        ElementsAre(
            "0 EXT page=1",
            "1 SW port=32 size=1 value=0x41",
            "3 SYNC len=6",
            "9 SW port=0 size=1 value=0x42"
        )
    );
}

TEST(ItmDecoder, APageEndsAtDamage) {
    EXPECT_THAT(
        decoded({0x18, 0xB4, 0x81, 0x01, 0x01, 0x41}),
        ElementsAre("0 EXT page=1", "1 BAD GTS2 length", "4 SW port=0 size=1 value=0x41")
    );
    EXPECT_THAT(
        decoded({0x18, 0x00, 0x01, 0x41}),
        ElementsAre("0 EXT page=1", "1 BAD zeros=1", "2 SW port=0 size=1 value=0x41")
    );
    itm_decoder decoder;
    collected sink;
    decoder.feed(byte_string{0x18}, sink);
    decoder.lose(7, sink);
    decoder.feed(byte_string{0x01, 0x41}, sink);
    EXPECT_EQ(text(sink.packets.back()), "1 SW port=0 size=1 value=0x41");
}

TEST(ItmDecoder, ReadsGlobalTimestampFlagsInTheLongFormOnly) {
    EXPECT_THAT(
        decoded({0x94, 0xFF, 0x7F, 0x94, 0x80, 0x80, 0x80, 0x60}),
        ElementsAre(
            "0 GTS1 bytes=2 ts=0x3fff wrap=0 clkch=0", "3 GTS1 bytes=4 ts=0x0 wrap=1 clkch=1"
        )
    );
}

TEST(ItmDecoder, RefusesGlobalTimestamp2OfOtherLengths) {
    EXPECT_THAT(
        decoded({0xB4, 0x81, 0x01, 0x01, 0x41}),
        ElementsAre("0 BAD GTS2 length", "3 SW port=0 size=1 value=0x41")
    );
}

TEST(ItmDecoder, AppliesAPageToSoftwarePacketsOnly) {
    // 0x1C is an extension of the hardware source: no page.
    EXPECT_THAT(
        decoded({0x1C, 0x01, 0x41, 0x18, 0x01, 0x42, 0x17, 1, 0, 0, 8}),
        ElementsAre(
            "0 EXT sh=1 bytes=0 value=0x1",
            "1 SW port=0 size=1 value=0x41",
            "3 EXT page=1",
            "4 SW port=32 size=1 value=0x42",
            "6 HW PC 0x08000001"
        )
    );
}

TEST(ItmDecoder, ConsumesOnlyTheHeaderOfReservedPackets) {
    EXPECT_THAT(
        decoded({0x90, 0xA0, 0x80, 0x04, 0x01, 0x41}),
        ElementsAre(
            "0 RESERVED hdr=90",
            "1 RESERVED hdr=a0",
            "2 RESERVED hdr=80",
            "3 RESERVED hdr=04",
            "4 SW port=0 size=1 value=0x41"
        )
    );
}

TEST(ItmDecoder, EndsAPacketWhereBytesWereLost) {
    itm_decoder decoder;
    collected sink;
    decoder.feed(byte_string{0xFB, 0x11}, sink);
    decoder.lose(3, sink);
    decoder.feed(byte_string{0x01, 0x41}, sink);
    std::vector<std::string> lines;
    for (const located_packet& found : sink.packets)
        lines.push_back(text(found));
    EXPECT_THAT(
        lines,
        ElementsAre("0 TRUNCATED hdr=fb", "2 MISSING 3 bytes", "2 SW port=0 size=1 value=0x41")
    );
}

TEST(ItmDecoder, SaysHowMuchItSkippedWaitingForASynchronisation) {
    const auto packets = decode_itm(byte_string{0x01, 0x41, 0, 0x02}, start::after_synchronisation);
    ASSERT_EQ(packets.size(), 1U);
    EXPECT_EQ(text(packets[0]), "0 UNSYNCED 4 bytes");
}

} // namespace drone::stream

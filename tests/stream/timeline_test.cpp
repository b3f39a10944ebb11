// SPDX-License-Identifier: MIT
#include "collected.hpp"
#include "stream/timeline.hpp"
#include "streams.hpp"

#include <gmock/gmock.h>

#include <array>

namespace drone::stream {

namespace {

struct timed_texts : packet_sink {
    std::vector<std::string> lines;
    void on_packet(const located_packet& found) override {
        const std::string time = found.time ? fmt::to_string(*found.time) : "-";
        lines.push_back(fmt::format("{} {}", time, describe(found.value)));
    }
};

located_packet letter(char value) {
    return {.value = software{.port = 0, .size = 1, .value = static_cast<std::uint8_t>(value)}};
}

located_packet stamp(std::uint32_t ticks) { return {.value = local_timestamp{.ticks = ticks}}; }

/// The writes to stimulus ports, however they are handed on.
struct timed_writes : packet_sink {
    explicit timed_writes(bool alone) : alone_(alone) {}
    std::vector<std::string> lines;
    void on_packet(const located_packet& found) override {
        if (!std::holds_alternative<software>(found.value)) return;
        const std::string time = found.time ? fmt::to_string(*found.time) : "-";
        lines.push_back(fmt::format("{} {} {}", time, describe(found.value), found.tentative));
    }
    [[nodiscard]] bool wants_writes_alone() const override { return alone_; }

private:
    bool alone_;
};

/// What a board sends while the DWT is on: mostly short timestamps between the packets.
byte_string board_stream(random_source& random) {
    byte_string bytes;
    for (std::uint32_t i = 0, count = below(random, 200); i < count; ++i) {
        encode_itm(any_packet(random), bytes);
        if (below(random, 4) == 0) continue;
        const bool short_form = below(random, 2) == 0;
        const std::uint32_t ticks = 1 + below(random, short_form ? 6 : 20'000);
        encode_itm(local_timestamp{.ticks = ticks, .one_byte = short_form}, bytes);
    }
    return bytes;
}

using testing::ElementsAre;

} // namespace

TEST(Timeline, GivesWritesAloneTheSameTimes) {
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        random_source random(seed);
        byte_string bytes;
        for (std::uint32_t i = 1 + below(random, 4); i > 0; --i) {
            const byte_string part =
                below(random, 3) == 0 ? any_stream(random) : board_stream(random);
            bytes.insert(bytes.end(), part.begin(), part.end());
        }
        std::array<std::vector<std::string>, 2> seen;
        for (const bool alone : {false, true}) {
            timed_writes writes(alone);
            timeline times(writes, {.time = true, .writes_alone = alone});
            itm_decoder decoder;
            feed_in_pieces(decoder, bytes, alone ? 1000 : 50, random, times);
            times.release();
            seen[alone ? 1 : 0] = writes.lines;
        }
        ASSERT_EQ(seen[0], seen[1]) << "seed " << seed;
    }
}

TEST(Timeline, GivesPacketsTheTimeOfTheTimestampBehindThem) {
    timed_texts texts;
    timeline times(texts);
    times.on_packet(letter('A'));
    EXPECT_TRUE(texts.lines.empty());
    times.on_packet(stamp(10));
    times.on_packet(letter('B'));
    times.on_packet(stamp(5));
    EXPECT_THAT(
        texts.lines,
        ElementsAre(
            "10 SW port=0 size=1 value=0x41",
            "10 LTS1 tc=0 ts=10",
            "15 SW port=0 size=1 value=0x42",
            "15 LTS1 tc=0 ts=5"
        )
    );
}

TEST(Timeline, LetsGoInSilence) {
    timed_texts texts;
    timeline times(texts);
    times.on_packet(letter('A'));
    times.release();
    EXPECT_THAT(texts.lines, ElementsAre("- SW port=0 size=1 value=0x41"));
}

TEST(Timeline, PassesAStreamWithoutTimestampsAsItComes) {
    timed_texts texts;
    timeline times(texts);
    for (int i = 0; i < 300; ++i)
        times.on_packet(letter('A'));
    EXPECT_EQ(texts.lines.size(), 300U);
}

} // namespace drone::stream

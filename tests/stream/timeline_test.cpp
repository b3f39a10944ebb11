// SPDX-License-Identifier: MIT
#include "collected.hpp"
#include "stream/timeline.hpp"

#include <gmock/gmock.h>

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

using testing::ElementsAre;

} // namespace

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

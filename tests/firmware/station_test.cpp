// SPDX-License-Identifier: MIT
#include "station.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> printed;
std::vector<std::string> complaints;

/// Packets as the link brings them.
class a_station : public testing::Test {
protected:
    a_station() {
        printed.clear();
        complaints.clear();
    }

    void receive(std::uint32_t time_ms, std::uint8_t source, std::vector<std::uint8_t> content) {
        content.push_back(crc8(content));
        receive_raw(time_ms, source, content);
    }
    void receive_raw(
        std::uint32_t time_ms, std::uint8_t source, const std::vector<std::uint8_t>& payload
    ) {
        std::vector<std::uint32_t> memory((sizeof(packet) + payload.size()) / 4 + 1);
        auto* const arrived = new (memory.data()) packet{
            .time_ms = time_ms,
            .source = source,
            .length = static_cast<std::uint8_t>(payload.size()),
        };
        std::memcpy(arrived + 1, payload.data(), payload.size());
        weather.take(*arrived);
    }
    void say(std::string_view line, std::uint32_t time_ms = 0) {
        std::vector<std::uint8_t> content(32, 0);
        std::ranges::copy(line, content.begin());
        receive(time_ms, console, content);
    }

    station weather{
        [](std::string_view line) { printed.emplace_back(line); },
        [](std::string_view line) { complaints.emplace_back(line); }
    };
};

TEST_F(a_station, reports_the_mean_of_what_a_sensor_said) {
    receive(10, 2, {100, 0, 200, 0});
    receive(20, 2, {44, 1, 44, 1});
    say("mean 2", 30);
    EXPECT_THAT(printed, ElementsAre("{\"ms\":30,\"sensor\":2,\"mean\":225}\n"));
}

TEST_F(a_station, calls_a_sensor_by_its_name) {
    say("name 1 air pressure");
    receive(10, 1, {7, 0});
    say("median 1", 12);
    EXPECT_THAT(
        printed, ElementsAre("{\"ms\":12,\"sensor\":1,\"name\":\"air pressure\",\"median\":7}\n")
    );
}

TEST_F(a_station, remembers_no_more_readings_than_its_depth) {
    say("depth 0 2");
    for (const std::uint8_t value : std::to_array<std::uint8_t>({90, 1, 3}))
        receive(1, 0, {value, 0});
    say("mean 0", 1);
    say("depth 0 1", 2);
    say("mean 0", 2);
    EXPECT_THAT(
        printed,
        ElementsAre("{\"ms\":1,\"sensor\":0,\"mean\":2}\n", "{\"ms\":2,\"sensor\":0,\"mean\":3}\n")
    );
}

TEST_F(a_station, says_an_alarm_until_it_is_cleared) {
    say("alarm 3 50 gale");
    receive(1, 3, {50, 0});
    receive(2, 3, {51, 0});
    say("clear 3");
    receive(3, 3, {52, 0});
    EXPECT_THAT(printed, ElementsAre("{\"ms\":2,\"sensor\":3,\"gale\":51}\n"));
}

TEST_F(a_station, repeats_a_command_until_told_to_be_quiet) {
    say("every 10 mean 4", 0);
    receive(9, 4, {1, 0});
    EXPECT_THAT(printed, IsEmpty());
    receive(10, 4, {3, 0});
    receive(20, 4, {5, 0});
    say("quiet", 25);
    receive(30, 4, {7, 0});
    EXPECT_THAT(
        printed,
        ElementsAre(
            "{\"ms\":10,\"sensor\":4,\"mean\":1}\n", "{\"ms\":20,\"sensor\":4,\"mean\":2}\n"
        )
    );
}

TEST_F(a_station, complains_of_damaged_packets_and_takes_nothing_from_them) {
    receive_raw(1, 0, {5, 0, 0xFF});
    say("list");
    EXPECT_THAT(complaints, ElementsAre("damaged: a packet of 0\n"));
    EXPECT_THAT(printed, ElementsAre("{\"ms\":0,\"sensors\":[]}\n"));
}

TEST_F(a_station, refuses_what_it_does_not_know) {
    say("reboot now");
    say("mean 7");
    say("mean");
    say("");
    EXPECT_THAT(
        complaints,
        ElementsAre("refused: reboot now\n", "refused: mean 7\n", "refused: mean\n", "refused: \n")
    );
    EXPECT_THAT(printed, IsEmpty());
}

} // namespace

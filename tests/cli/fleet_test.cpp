// SPDX-License-Identifier: MIT
// Capacities for many devices: those of the sample, and a bound that holds as often as it says.

#include "tool.hpp"
#include "usage/fleet.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

namespace drone::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using Fleet = Tool;

TEST(FleetBound, IsTheOneOfNoFailureInNTrials) {
    // None of n above: the part is 1 - a^(1/n).
    for (const std::uint64_t n : {1U, 10U, 300U, 10'000U})
        EXPECT_NEAR(
            usage::part_above(n, 0, 0.95), 1 - std::pow(0.05, 1.0 / static_cast<double>(n)), 1e-9
        );
    EXPECT_LT(usage::part_above(1000, 0, 0.95), usage::part_above(1000, 1, 0.95));
    EXPECT_LT(usage::part_above(1000, 5, 0.95), usage::part_above(1000, 5, 0.99));
    EXPECT_EQ(usage::part_above(3, 3, 0.95), 1.0);
}

TEST(FleetBound, HoldsAsOftenAsItSays) {
    // Peaks evenly over 0 to 1: the part above a peak p is 1 - p.
    std::mt19937 random(7);
    std::uniform_real_distribution<double> peak;
    constexpr int fleets = 2000;
    for (const std::size_t above : {0U, 3U}) {
        constexpr std::size_t devices = 100;
        const double said = usage::part_above(devices, above, 0.95);
        int wrong = 0;
        for (int i = 0; i < fleets; ++i) {
            std::vector<double> peaks(devices);
            std::ranges::generate(peaks, [&] { return peak(random); });
            std::ranges::sort(peaks);
            wrong += 1 - peaks[devices - 1 - above] > said ? 1 : 0;
        }
        // 5 % of 2,000 are 100; six standard deviations are 58.
        EXPECT_NEAR(wrong, 100, 58);
    }
}

TEST_F(Fleet, HasAQuantileOfEachPool) {
    std::string lines;
    for (int i = 1; i <= 100; ++i)
        lines += R"({"device":)" + std::to_string(i) + R"(,"pools":[{"block":12,"peak":)" +
                 std::to_string(i) + R"(},{"block":40,"peak":2}]})" + "\n";
    write("fleet.jsonl", lines);
    const json all = json::parse(drone("heap fleet fleet.jsonl --json").out);
    EXPECT_EQ(all["devices"], 100);
    EXPECT_EQ(all["pools"][0]["capacity"], 100);
    EXPECT_EQ(all["pools"][1]["capacity"], 2);
    const json most = json::parse(drone("heap fleet fleet.jsonl --quantile 95 --json").out);
    EXPECT_EQ(most["pools"][0]["capacity"], 95);
    EXPECT_EQ(most["devices_above_each"], 5);
    EXPECT_GT(most["part_above"].get<double>(), all["part_above"].get<double>());
    const outcome text = drone("heap fleet fleet.jsonl");
    EXPECT_THAT(text.out, HasSubstr("{ block = \"12\", capacity = 100 },"));
    EXPECT_THAT(text.err, HasSubstr("100 devices"));
}

TEST_F(Fleet, APeakThatCannotBeReadIsNotAPeakOfZero) {
    write(
        "fleet.jsonl",
        R"({"device":1,"pools":[{"block":12,"peak":"7"}]})"
        "\n"
        R"({"device":2,"pools":[{"block":12,"peak":3.5}]})"
        "\n"
        R"({"device":3,"pools":[{"block":12}]})"
        "\n"
        R"({"device":4,"pools":[{"block":12,"peak":2,"missed":-1}]})"
        "\n"
        R"({"device":5,"pools":[{"block":12,"peak":2}]})"
        "\n"
    );
    const usage::fleet made = usage::read_fleet(read("fleet.jsonl"));
    EXPECT_EQ(made.devices, 1);
    EXPECT_EQ(made.damaged, 4);
    EXPECT_THAT(drone("heap fleet fleet.jsonl").err, HasSubstr("1 device"));
}

TEST_F(Fleet, ADevicesNameIsNotNested) {
    // Printing a name so deep took all of the stack.
    constexpr std::size_t deep = 1'000'000;
    const std::string lines = R"({"device":)" + std::string(deep, '[') + std::string(deep, ']') +
                              R"(,"pools":[]})" + "\n" + R"({"device":{},"pools":[]})" + "\n";
    const usage::fleet made = usage::read_fleet(lines);
    EXPECT_EQ(made.devices, 0);
    EXPECT_EQ(made.damaged, 2);
}

TEST_F(Fleet, ADeviceCountsOnceWithItsLargestPeaks) {
    write(
        "fleet.jsonl",
        "{\"device\":\"a\",\"pools\":[{\"block\":12,\"peak\":3}]}\n"
        "{\"device\":\"a\",\"pools\":[{\"block\":12,\"peak\":2,\"missed\":1}]}\n"
        "{\"device\":\"b\",\"pools\":[{\"block\":16,\"peak\":1}]}\nnonsense\n"
    );
    const outcome left = drone("heap fleet fleet.jsonl --json");
    const json all = json::parse(left.out);
    EXPECT_EQ(all["devices"], 2);
    EXPECT_EQ(all["pools"][0]["capacity"], 3);
    EXPECT_EQ(all["pools"][0]["exhausted_devices"], 1);
    EXPECT_THAT(left.err, HasSubstr("1 line left out: not a device's report"));
    EXPECT_THAT(left.err, HasSubstr("exhausted on 1 device,"));
    write("empty.jsonl", "{}\n");
    EXPECT_EQ(drone("heap fleet empty.jsonl").code, 1);
    EXPECT_EQ(drone("heap fleet").code, 2);
    EXPECT_EQ(drone("heap fleet fleet.jsonl --quantile 101").code, 2);
}

} // namespace
} // namespace drone::cli

// SPDX-License-Identifier: MIT
// drone heap on heaps with an overflow region.

#include "tool.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace drone::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Overflow : public Tool {
protected:
    /// `count` blocks of `size` bytes, all live at the end.
    static std::string blocks(int count, int size) {
        std::string log;
        for (int block = 0; block < count; ++block)
            log += "a " + std::to_string(block) + " " + std::to_string(size) + " 8\n";
        return log;
    }
};

TEST_F(Overflow, ReplayCountsOnTheRegion) {
    write("heaptrace", blocks(20, 24));
    write(
        "Drone.toml",
        "[heap]\nsize = \"1K\"\noverflow = true\npools = [{ block = \"24\", capacity = 5 }]\n"
    );
    const outcome run = drone("heap replay --json");
    EXPECT_EQ(run.code, 0) << run.err;
    const json report = json::parse(run.out);
    EXPECT_EQ(report["holds"], true);
    EXPECT_EQ(report["pools"][0]["taken"], 5);
    EXPECT_EQ(report["region"]["bytes"], 1024 - 5 * 24);
    EXPECT_EQ(report["region"]["taken"], 15);
    EXPECT_EQ(report["region"]["fell_into"], 15);
    EXPECT_THAT(drone("heap replay").out, HasSubstr("Region: 904 bytes"));
}

TEST_F(Overflow, ReplayOfARegionAlone) {
    write("heaptrace", blocks(20, 24));
    write("Drone.toml", "[heap]\nsize = 600\noverflow = true\npools = []\n");
    EXPECT_EQ(drone("heap replay").code, 0);
    write("Drone.toml", "[heap]\nsize = 400\noverflow = true\npools = []\n");
    const outcome run = drone("heap replay");
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(
        run.err,
        HasSubstr("the region has no free block for it: the largest request that it would serve is")
    );
    EXPECT_EQ(json::parse(drone("heap replay --json").out)["holds"], false);
}

} // namespace
} // namespace drone::cli

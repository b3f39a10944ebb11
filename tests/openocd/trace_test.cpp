// SPDX-License-Identifier: MIT

// The SWO pin, through the ST-Link and OpenOCD, into a file.

#include "live.hpp"

namespace drone::board::test {
namespace {

using ::testing::HasSubstr;

class Trace : public StLink {
protected:
    void SetUp() override {
        machine direct("stream", plain());
        ASSERT_EQ(direct.run({}).status, 0);
        expected_.assign(direct.sent.begin(), direct.sent.end());
        ASSERT_GT(expected_.size(), 20'000U);
    }

    /// Programs, sets up the trace as people do, and runs. `wait` ends the script.
    int trace(const std::string& clocks, const std::string& wait, const std::string& options = "") {
        return openocd(
            GetParam(),
            "program " + firmware_path("stream").string() +
                " verify\nreset halt\nstm32f4x.tpiu configure -protocol uart -output swo " +
                clocks + "\nstm32f4x.tpiu enable\nitm ports on\nresume\n" + wait,
            "--swo pin " + options
        );
    }
    /// Lets OpenOCD work until a file is as long as that.
    [[nodiscard]] static std::string until(const std::string& file, std::size_t bytes) {
        return fmt::format("while {{[file size {}] < {}}} {{sleep 1}}", file, bytes);
    }

    std::string expected_; // what a run without OpenOCD sends
};

INSTANTIATE_TEST_SUITE_P(
    ,
    Trace,
    ::testing::Values(transport::dap_direct, transport::high_level),
    [](const auto& tested) { return name_of(tested.param); }
);

const std::string right_clocks = "-traceclk 168000000 -pin-freq 2000000 -formatter off";

TEST_P(Trace, ArrivesByteForByte) {
    ASSERT_EQ(trace(right_clocks, until("swo", expected_.size())), 0) << said;
    EXPECT_EQ(content("swo"), expected_);
    EXPECT_EQ(content("pin"), expected_);
}

TEST_P(Trace, ArrivesAtTheHighestRateOfEachProbe) {
    ASSERT_EQ(
        trace(
            "-traceclk 168000000 -pin-freq 24000000 -formatter off", until("swo", expected_.size())
        ),
        0
    ) << said;
    EXPECT_EQ(content("swo"), expected_);
    std::filesystem::remove(folder_ / "swo");
    ASSERT_EQ(trace(right_clocks, until("swo", expected_.size()), "--probe V2J40"), 0) << said;
    EXPECT_EQ(content("swo"), expected_);
}

TEST_P(Trace, RefusesARateThatTheProbeCannotTake) {
    const std::string clocks = "-traceclk 168000000 -formatter off -pin-freq ";
    EXPECT_NE(trace(clocks + "4000000", "", "--probe V2J40"), 0);
    EXPECT_THAT(said, HasSubstr("doesn't support SWO frequency higher than 2000000"));
}

// OpenOCD takes any clock for true; then the prescaler is wrong, and the bytes are.
TEST_P(Trace, IsWrongWhenTheClockIsNotTheCores) {
    ASSERT_EQ(
        trace(
            "-traceclk 84000000 -pin-freq 2000000 -formatter off", until("pin", expected_.size())
        ),
        0
    ) << said;
    EXPECT_EQ(content("pin"), expected_); // twice as fast
    EXPECT_EQ(content("swo").find(expected_.substr(0, 20)), std::string::npos);
}

TEST_P(Trace, IsLostWhenNobodyTakesItFromTheProbe) {
    // Tcl waits without letting OpenOCD look at the probe.
    const std::string wait =
        fmt::format("while {{[file size pin] < {}}} {{}}\n", expected_.size()) +
        until("swo", 4096) + "\nreset halt";
    ASSERT_EQ(trace(right_clocks, wait, "--overflow"), 0) << said;
    EXPECT_EQ(content("pin"), expected_);
    EXPECT_EQ(content("swo").substr(0, 4096), expected_.substr(0, 4096));
    EXPECT_LT(content("swo").size(), expected_.size());
    EXPECT_THAT(said, HasSubstr("bytes of the trace were lost"));
}

// What `drone log --input tcp:` does: the core starts when OpenOCD has accepted the connection.
TEST_P(Trace, ArrivesByteForByteOverTcp) {
    live_openocd openocd(folder_, GetParam());
    openocd.tcl("program " + firmware_path("stream").string() + " verify");
    const held_port port;
    openocd.tcl(fmt::format(
        "reset halt; stm32f4x.tpiu configure -protocol uart -output :{} {}",
        port.number(),
        right_clocks
    ));
    openocd.tcl("stm32f4x.tpiu enable; itm ports on");
    const base::descriptor trace = connect_to(port.number());
    openocd.tcl("echo {}");
    openocd.tcl("resume");
    EXPECT_EQ(receive(trace, expected_.size()), expected_);
}

} // namespace
} // namespace drone::board::test

// SPDX-License-Identifier: MIT

// An RTT up-buffer, read by OpenOCD through the ST-Link while the core runs.

#include "live.hpp"

namespace drone::board::test {
namespace {

class Rtt : public StLink {};

INSTANTIATE_TEST_SUITE_P(
    ,
    Rtt,
    ::testing::Values(transport::dap_direct, transport::high_level),
    [](const auto& tested) { return name_of(tested.param); }
);

TEST_P(Rtt, ArrivesByteForByte) {
    std::string expected;
    for (std::uint32_t number = 0; number < 20'000; ++number)
        expected += static_cast<char>(number * 7 + (number >> 8U));

    live_openocd openocd(folder_, GetParam());
    openocd.tcl("program " + firmware_path("rtt").string() + " verify");
    // The control block is set up before the first byte is sent.
    const machine image("rtt");
    openocd.tcl(
        fmt::format("reset halt; bp {:#x} 2 hw; resume; wait_halt 5000", image.address_of("send"))
    );
    openocd.tcl(fmt::format("rbp {:#x}", image.address_of("send")));
    openocd.tcl("rtt setup 0x20000000 0x30000 {SEGGER RTT}; rtt polling_interval 1; rtt start");
    openocd.wait_for("Control block found");
    openocd.tcl("rtt server start 0 0");
    const base::descriptor log = connect_to(openocd.wait_for_port("rtt"));
    openocd.tcl("echo {}"); // after this it has accepted the connection
    openocd.tcl("resume");
    EXPECT_EQ(receive(log, expected.size()), expected);
}

} // namespace
} // namespace drone::board::test

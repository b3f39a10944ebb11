// SPDX-License-Identifier: MIT

#include "session.hpp"

namespace drone::board::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class StLink : public Session, public ::testing::WithParamInterface<transport> {};

INSTANTIATE_TEST_SUITE_P(
    ,
    StLink,
    ::testing::Values(transport::dap_direct, transport::high_level),
    [](const auto& tested) {
        return tested.param == transport::dap_direct ? "DapDirect" : "HighLevel";
    }
);

TEST_P(StLink, ProgramsVerifiesAndResets) {
    ASSERT_EQ(openocd(GetParam(), "program " + firmware_path("hello") + " verify reset exit"), 0)
        << said;
    EXPECT_THAT(said, HasSubstr("** Verified OK **"));
    EXPECT_EQ(flash(), image_of("hello"));
}

TEST_P(StLink, ProgramsAnotherFirmwareOverTheFirst) {
    for (const char* const firmware : {"hello", "routines"}) {
        ASSERT_EQ(openocd(GetParam(), "program " + firmware_path(firmware) + " verify exit"), 0)
            << said;
        EXPECT_EQ(flash(), image_of(firmware)); // the server was started anew between them
    }
}

TEST_P(StLink, FindsAFirmwareThatIsNotTheOneInFlash) {
    ASSERT_EQ(openocd(GetParam(), "program " + firmware_path("hello") + " exit"), 0) << said;
    EXPECT_NE(
        openocd(
            GetParam(), "init; reset halt; verify_image " + firmware_path("routines") + "; exit"
        ),
        0
    );
    EXPECT_THAT(said, HasSubstr("checksum mismatch"));
}

TEST_P(StLink, ReadsAndWritesMemoryOfEachWidth) {
    ASSERT_EQ(
        openocd(
            GetParam(),
            "init; reset halt; mww 0x20000100 0x11223344; mwh 0x20000102 0xABCD; "
            "mwb 0x20000101 0xEF; echo [mdw 0x20000100]; echo [mdh 0x20000102]; "
            "echo [mdb 0x20000101]; exit"
        ),
        0
    ) << said;
    EXPECT_THAT(said, HasSubstr("0x20000100: abcdef44"));
    EXPECT_THAT(said, HasSubstr("0x20000102: abcd"));
    EXPECT_THAT(said, HasSubstr("0x20000101: ef"));
}

TEST_F(Session, NamesTheAddressOfAFault) {
    EXPECT_NE(openocd(transport::dap_direct, "init; reset halt; mdw 0x60000000; exit"), 0);
    EXPECT_THAT(said, HasSubstr("Failed to read memory at 0x60000000"));
}

// By the firmware that the probe announces, OpenOCD takes other commands for the same things.
TEST_F(Session, ServesTheHostWhateverTheProbesFirmwareIs) {
    for (const char* const probe : {"V2J24", "V2J28", "V2J40", "V3J2", "V3J9"}) {
        std::filesystem::remove(folder_ / "f");
        EXPECT_EQ(
            openocd(
                transport::dap_direct,
                "program " + firmware_path("hello") + " verify reset exit",
                std::string("--probe ") + probe
            ),
            0
        ) << said;
        EXPECT_THAT(said, HasSubstr(probe));
        EXPECT_EQ(flash(), image_of("hello"));
    }
}

TEST_F(Session, ShowsWhatGoesWrongOnTheDesk) {
    const auto told = [&](const std::string& options, const std::string& before = "") {
        EXPECT_EQ(openocd(transport::dap_direct, before + "init; exit", options), 1) << said;
        return said;
    };
    EXPECT_THAT(told("--unplugged"), HasSubstr("no ST-LINK detected"));
    EXPECT_THAT(told("--in-use"), HasSubstr("the selected device is already used"));
    EXPECT_THAT(told("--serial 1234", "adapter serial 5678; "), HasSubstr("serial mismatch"));
    EXPECT_THAT(told("--probe V2J12"), HasSubstr("ST-Link version does not support DAP direct"));
}

TEST_F(Session, IsGoneAfterItsCommandAndPassesItsStatusOn) {
    EXPECT_EQ(board_with("", "sh -c 'exit 7'"), 7);
    EXPECT_EQ(board_with("", "./no-such-program"), 1);
    EXPECT_THAT(said, HasSubstr("cannot start ./no-such-program: No such file or directory"));
    EXPECT_EQ(board_with("", "sh -c 'kill -TERM $PPID; while :; do :; done'"), 128 + 15) << said;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "f.sock"));
}

} // namespace
} // namespace drone::board::test

// SPDX-License-Identifier: MIT

// OpenOCD examines, programs, verifies and resets the board, and what it says when something is
// wrong on the desk.

#include "session.hpp"

namespace drone::board::test {
namespace {

using ::testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(
    ,
    StLink,
    ::testing::Values(transport::dap_direct, transport::high_level),
    [](const auto& tested) { return name_of(tested.param); }
);

std::string program(std::string_view firmware, const std::string& how) {
    return "program " + firmware_path(firmware).string() + " " + how;
}

TEST_P(StLink, ProgramsVerifiesAndResets) {
    ASSERT_EQ(openocd(GetParam(), program("hello", "verify reset")), 0) << said;
    EXPECT_THAT(said, HasSubstr("** Verified OK **"));
    EXPECT_EQ(flash(), image_of("hello"));
}

TEST_P(StLink, ProgramsAnotherFirmwareOverTheFirst) {
    for (const char* const firmware : {"hello", "routines"}) {
        ASSERT_EQ(openocd(GetParam(), program(firmware, "verify")), 0) << said;
        EXPECT_EQ(flash(), image_of(firmware)); // the server was started anew between them
    }
}

TEST_P(StLink, FindsAFirmwareThatIsNotTheOneInFlash) {
    ASSERT_EQ(openocd(GetParam(), program("hello", "")), 0) << said;
    const std::string other = firmware_path("routines").string();
    EXPECT_NE(openocd(GetParam(), "init; reset halt; verify_image " + other), 0);
    EXPECT_THAT(said, HasSubstr("checksum mismatch"));
}

TEST_P(StLink, ReadsAndWritesMemoryOfEachWidth) {
    ASSERT_EQ(
        openocd(
            GetParam(),
            "init; reset halt; mww 0x20000100 0x11223344; mwh 0x20000102 0xABCD; "
            "mwb 0x20000101 0xEF; echo [mdw 0x20000100]; echo [mdh 0x20000102]; "
            "echo [mdb 0x20000101]"
        ),
        0
    ) << said;
    EXPECT_THAT(said, HasSubstr("0x20000100: abcdef44"));
    EXPECT_THAT(said, HasSubstr("0x20000102: abcd"));
    EXPECT_THAT(said, HasSubstr("0x20000101: ef"));
}

TEST_P(StLink, ResetsAndHaltsAtTheFirstInstruction) {
    ASSERT_EQ(openocd(GetParam(), program("hello", "")), 0) << said;
    ASSERT_EQ(
        openocd(
            GetParam(),
            "init; reset run; halt; reset halt; echo \"pc [format %08x [dict get [get_reg pc] pc]]\""
        ),
        0
    ) << said;
    const std::uint32_t entry =
        machine("hello")->processor().read_word(flash_origin + 4).value() & ~1U;
    EXPECT_THAT(said, HasSubstr(fmt::format("pc {:08x}", entry)));
}

TEST_F(Session, ProgramsUnderAResetPinThatIsHeld) {
    ASSERT_EQ(
        openocd(
            transport::dap_direct,
            "reset_config srst_only srst_nogate connect_assert_srst; " +
                program("hello", "verify reset")
        ),
        0
    ) << said;
    EXPECT_EQ(flash(), image_of("hello"));
}

TEST_F(Session, NamesTheAddressOfAFault) {
    EXPECT_NE(openocd(transport::dap_direct, "init; reset halt; mdw 0x60000000"), 0);
    EXPECT_THAT(said, HasSubstr("Failed to read memory at 0x60000000"));
}

TEST_F(Session, ShowsItsComponents) {
    ASSERT_EQ(openocd(transport::dap_direct, "init; echo [dap info]"), 0) << said;
    for (const char* const part :
         {"Designer is 0x020", "Cortex-M4 SCS", "Cortex-M4 TPIU", "ITM", "DWT"})
        EXPECT_THAT(said, HasSubstr(part));
}

// By the firmware that the probe announces, OpenOCD takes other commands for the same things.
TEST_F(Session, ServesTheHostWhateverTheProbesFirmwareIs) {
    for (const char* const probe : {"V2J24", "V2J28", "V2J40", "V3J2", "V3J9"}) {
        std::filesystem::remove(folder_ / "f");
        const std::string options = std::string("--probe ") + probe;
        EXPECT_EQ(openocd(transport::dap_direct, program("hello", "verify reset"), options), 0)
            << said;
        EXPECT_THAT(said, HasSubstr(probe));
        EXPECT_EQ(flash(), image_of("hello"));
    }
}

TEST_F(Session, ShowsWhatGoesWrongOnTheDesk) {
    const auto told = [&](const std::string& options, const std::string& before = "") {
        EXPECT_EQ(openocd(transport::dap_direct, before + "init", options), 1) << said;
        return said;
    };
    EXPECT_THAT(told("--unplugged"), HasSubstr("no ST-LINK detected"));
    EXPECT_THAT(told("--in-use"), HasSubstr("the selected device is already used"));
    EXPECT_THAT(told("--serial 1234", "adapter serial 5678; "), HasSubstr("serial mismatch"));
    EXPECT_THAT(told("--probe V2J12"), HasSubstr("ST-Link version does not support DAP direct"));
    told("--busy-every 7"); // 0.12 does not say why
}

TEST_F(Session, IsGoneAfterItsCommandAndPassesItsStatusOn) {
    EXPECT_EQ(board_with("", "sh -c 'exit 7'"), 7);
    EXPECT_EQ(board_with("", "./no-such-program"), 1);
    EXPECT_THAT(said, HasSubstr("cannot start ./no-such-program: No such file or directory"));
    EXPECT_EQ(board_with("", "sh -c 'kill -TERM $PPID; while :; do :; done'"), 128 + 15) << said;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "f.sock"));
}

TEST_F(Session, RefusesWhatItCannotServe) {
    EXPECT_EQ(board_with("--probe V4", "true"), 1);
    EXPECT_EQ(
        said,
        "drone-board: V4: not an ST-Link; give V2J and a number, or V3J and a number, such as V2J40\n"
    );
    EXPECT_EQ(board_with("--swo no/such/folder", "true"), 1);
    EXPECT_EQ(said, "drone-board: cannot write no/such/folder: No such file or directory\n");
    std::ofstream(folder_ / "f") << "short";
    EXPECT_EQ(board_with("", "true"), 1);
    EXPECT_THAT(said, HasSubstr("is not a flash file of this board"));
}

} // namespace
} // namespace drone::board::test

// SPDX-License-Identifier: MIT
// The command lines of every tool, word for word.

#include "probe/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::probe {

namespace {

setup through(const std::string& via) {
    setup s;
    s.probe = parse_via(via).value();
    s.log.core_clock = 168'000'000;
    return s;
}
setup by_rtt(const std::string& via) {
    setup s = through(via);
    s.log.carrier = config::log_carrier::rtt;
    return s;
}

const workplace here{.control_port = 4000, .data_port = 4001, .folder = "/tmp/d"};

std::string text(const command_line& line) { return fmt::format("{}", fmt::join(line, " ")); }
std::string text(const result<task>& t) {
    std::string all;
    for (const script& one : t.value().scripts)
        all += one.path + ":\n" + one.text;
    for (const command_line& line : t->commands)
        all += text(line) + "\n";
    return all;
}

} // namespace

TEST(Plan, OpenOcdWritesAndVerifiesWithoutAPort) {
    EXPECT_EQ(
        text(plan_flash(through("openocd:stm32f4x"), "app.elf", here)),
        "openocd -f interface/stlink-dap.cfg -c transport select dapdirect_swd -f "
        "target/stm32f4x.cfg -c gdb_port disabled; tcl_port disabled; telnet_port disabled -c "
        "program {app.elf} verify reset exit\n"
    );
    EXPECT_EQ(
        text(plan_reset(through("openocd:cmsis-dap+nrf52"), here)),
        "openocd -f interface/cmsis-dap.cfg -c transport select swd -f target/nrf52.cfg -c gdb_port "
        "disabled; tcl_port disabled; telnet_port disabled -c init; reset run; shutdown\n"
    );
}

TEST(Plan, OpenOcdStartsTheTargetAfterSomebodyListens) {
    const auto plan = plan_log(through("openocd:stm32f4x"), true, here).value();
    EXPECT_THAT(
        text(plan.command),
        testing::HasSubstr(
            "-c init; reset halt -c stm32f4x.tpiu configure -protocol uart -output "
            ":4001 -traceclk 168000000 -pin-freq 2000000 -formatter off -c "
            "source [find mem_helper.tcl] -c stm32f4x.tpiu enable; itm ports on -c mww 0xE0000FB0 0xC5ACCE55;"
        )
    );
    EXPECT_EQ(plan.source, "tcp:127.0.0.1:4001");
    EXPECT_EQ(plan.begin, (std::vector<std::string>{"echo {}", "resume"}));
    EXPECT_EQ(plan.ready, "Listening on port 4000 for tcl connections");
}

TEST(Plan, OpenOcdMakesATraceObjectWhereTheTargetHasNone) {
    const auto plan = plan_log(through("openocd:cmsis-dap+nrf52"), false, here).value();
    EXPECT_THAT(
        text(plan.command),
        testing::HasSubstr("tpiu create drone.tpiu -dap [lindex [dap names] 0] -ap-num 0 -baseaddr "
                           "0xE0040000 -c init; halt")
    );
    const auto h7 = plan_log(through("openocd:stm32h7x"), false, here).value();
    EXPECT_THAT(text(h7.command), testing::HasSubstr("stm32h7x.swo configure"));
}

TEST(Plan, OpenOcdServesRttOfTheChannelAndMemoryThatAreAsked) {
    setup s = by_rtt("openocd:stm32f4x");
    s.log.rtt_channel = 2;
    const auto plan = plan_log(s, true, here).value();
    EXPECT_THAT(
        text(plan.command),
        testing::AllOf(
            testing::HasSubstr("-c init; reset run -c rtt setup 0x20000000 0x20000 {SEGGER RTT}"),
            testing::HasSubstr("-c rtt server start 4001 2")
        )
    );
}

TEST(Plan, JLinkLoadsAHexFileByAScript) {
    EXPECT_EQ(
        text(plan_flash(through("jlink:STM32F407VG"), "app.elf", here)),
        "/tmp/d/commands.jlink:\nr\nh\nloadfile /tmp/d/firmware.hex\nr\ng\nq\n"
        "arm-none-eabi-objcopy -O ihex app.elf /tmp/d/firmware.hex\n"
        "JLinkExe -device STM32F407VG -if SWD -speed 4000 -autoconnect 1 -NoGui 1 -ExitOnError 1 "
        "-CommandFile /tmp/d/commands.jlink\n"
    );
}

TEST(Plan, JLinkServesSwoAndWritesRttIntoAFile) {
    const auto swo = plan_log(through("jlink:STM32F407VG"), true, here).value();
    EXPECT_EQ(
        text(swo.command),
        "JLinkGDBServerCLExe -device STM32F407VG -if SWD -speed 4000 -port 4000 -swoport 4001 "
        "-nogui"
    );
    EXPECT_EQ(
        swo.begin,
        (std::vector<std::string>{"reset", "SWO EnableTarget 168000000 2000000 0xFFFFFFFF 0"})
    );
    const auto rtt = plan_log(by_rtt("jlink:STM32F407VG"), true, here).value();
    EXPECT_EQ(
        text(rtt.command),
        "JLinkRTTLoggerExe -Device STM32F407VG -If SWD -Speed 4000 -RTTChannel 0 /tmp/d/log.fifo"
    );
    EXPECT_EQ(rtt.source, "/tmp/d/log.fifo");
}

TEST(Plan, BlackMagicAttachesByGdb) {
    EXPECT_EQ(
        text(plan_flash(through("bmp:/dev/ttyBmpGdb"), "app.elf", here)),
        "gdb-multiarch -nx -q -batch -ex target extended-remote /dev/ttyBmpGdb -ex monitor swd_scan "
        "-ex attach 1 -ex load -ex compare-sections -ex kill app.elf\n"
    );
    EXPECT_FALSE(plan_log(through("bmp:/dev/ttyBmpGdb"), false, here));
    EXPECT_EQ(plan_log(by_rtt("bmp:/dev/ttyBmpGdb"), false, here)->source, "/dev/ttyBmpTarg");
}

TEST(Plan, PyOcdAndProbeRs) {
    EXPECT_EQ(
        text(plan_flash(through("pyocd:nrf52840"), "app.elf", here)),
        "pyocd load -t nrf52840 app.elf\npyocd reset -t nrf52840\n"
    );
    // `pyocd rtt` wants a terminal, so RTT is read from RAM.
    const auto rtt = plan_log(by_rtt("pyocd:nrf52840"), false, here).value();
    EXPECT_EQ(text(rtt.command), "pyocd gdbserver -t nrf52840 -p 4000");
    EXPECT_THAT(rtt.source, testing::HasSubstr("gdb:127.0.0.1:4000"));
    EXPECT_EQ(
        text(plan_log(through("pyocd:nrf52840"), false, here)->command),
        "pyocd gdbserver -t nrf52840 -S -p 4000 -Oenable_swv=1 -Oswv_system_clock=168000000 "
        "-Oswv_clock=2000000 -Oswv_raw_enable=1 -Oswv_raw_port=4001"
    );
    EXPECT_EQ(
        text(plan_flash(through("probe-rs:nRF52840_xxAA"), "app.elf", here)),
        "probe-rs download --chip nRF52840_xxAA --verify app.elf\nprobe-rs reset --chip "
        "nRF52840_xxAA\n"
    );
    EXPECT_FALSE(plan_log(through("probe-rs:nRF52840_xxAA"), false, here));
}

TEST(Plan, WhatIsMissingIsNamed) {
    setup s = through("openocd:stm32f4x");
    s.log.core_clock.reset();
    EXPECT_THAT(
        plan_log(s, false, here).error().message, testing::HasSubstr("the trace clock is not known")
    );
    s.probe.chip.clear();
    EXPECT_THAT(plan_reset(s, here).error().message, testing::HasSubstr("add chip = \"stm32f4x\""));
    for (const char* const wrong : {"", "openocd", "openocd:", "st-flash:stm32f4x", ":x"})
        EXPECT_FALSE(parse_via(wrong)) << wrong;
}

TEST(Plan, WhatIsMissingIsNamedAsTheCommandLineHasIt) {
    setup s;
    s.probe = parse_via("openocd:nucleo-f446re").value();
    EXPECT_THAT(
        plan_log(s, false, here).error().message, testing::HasSubstr("--swo 2000000@168MHz")
    );
    s.probe = parse_via("bmp:/dev/ttyBmpGdb").value();
    EXPECT_THAT(plan_log(s, false, here).error().message, testing::HasSubstr("or --rtt"));
    s.probe = parse_via("jlink:STM32F446RE").value();
    EXPECT_THAT(
        plan_inspection(s, here).error().message,
        testing::AllOf(testing::HasSubstr("not jlink"), testing::HasSubstr("--via openocd:"))
    );
}

TEST(Plan, SwoIsBaudAtClock) {
    config::log log;
    EXPECT_TRUE(parse_swo("2000000@168MHz", log));
    EXPECT_EQ(log.baud, 2'000'000U);
    EXPECT_EQ(log.trace_clock, 168'000'000U);
    for (const char* const wrong : {"", "2000000", "@", "x@1", "1@x"})
        EXPECT_FALSE(parse_swo(wrong, log)) << wrong;
}

} // namespace drone::probe

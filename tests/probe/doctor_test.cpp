// SPDX-License-Identifier: MIT
// Each fault that makes SWO or RTT silent, set in a target's registers, is named, and nothing else is.

#include "probe/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::probe {

namespace {

setup stm32f4() {
    setup s;
    s.probe = parse_via("openocd:stm32f4x").value();
    s.log.core_clock = 168'000'000;
    return s;
}

/// A target whose trace speaks.
registers healthy() {
    return {
        {0xE000'ED00, 0x410F'C241}, // CPUID, Cortex-M4
        {0xE000'EDF0, 0x0001'0000}, // DHCSR, runs
        {0xE000'EDFC, 0x0100'0000}, // DEMCR
        {0xE000'0FB4, 0x0000'0001}, // ITM_LSR
        {0xE000'0E80, 0x0001'0005}, // ITM_TCR
        {0xE000'0E00, 0xFFFF'FFFF}, // ITM_TER
        {0xE004'00F0, 2},           // SPPR
        {0xE004'0010, 83},          // ACPR
        {0xE004'0304, 0x100},       // FFCR
        {0xE004'2004, 0x27},        // DBGMCU_CR
        {0x4002'3830, 0x0010'0002}, // RCC_AHB1ENR
        {0x4002'0400, 0x0000'0280}, // GPIOB_MODER
        {0x4002'0420, 0},           // GPIOB_AFRL
    };
}

std::vector<finding> wrong_in(const registers& seen) {
    std::vector<finding> wrong;
    for (finding& f : diagnose_swo(stm32f4(), seen))
        if (f.is != finding::verdict::right) wrong.push_back(std::move(f));
    return wrong;
}

} // namespace

TEST(Doctor, FindsNothingWrongWithATraceThatSpeaks) {
    for (const std::uint32_t address : swo_registers(stm32f4()))
        EXPECT_TRUE(healthy().contains(address)) << std::hex << address;
    EXPECT_THAT(wrong_in(healthy()), testing::IsEmpty());
}

TEST(Doctor, NamesEachFaultAndMendsIt) {
    struct fault {
        std::uint32_t address;
        std::uint32_t value;
        const char* says;
    };
    const fault faults[] = {
        {0xE000'EDFC, 0, "TRCENA"},
        {0xE000'0FB4, 3, "locked"},
        {0xE000'0E80, 0, "ITMENA"},
        {0xE000'0E00, 1, "ITM_TER"},
        {0xE004'00F0, 1, "Manchester"},
        {0xE004'00F0, 0, "parallel"},
        {0xE004'0010, 7, "TPIU_ACPR"},
        {0xE004'0304, 0x102, "formatter"},
        {0xE004'2004, 0x07, "TRACE_IOEN"},
        {0xE004'2004, 0xE7, "TRACE_MODE"},
        {0xE004'2004, 0x20, "DBG_SLEEP"},
        {0x4002'0400, 0x0000'0240, "PB3"},
        {0x4002'0420, 0x0000'5000, "PB3"},
    };
    for (const fault& one : faults) {
        registers seen = healthy();
        seen[one.address] = one.value;
        const auto wrong = wrong_in(seen);
        ASSERT_EQ(wrong.size(), 1U) << one.says;
        EXPECT_THAT(wrong[0].what, testing::HasSubstr(one.says));
        // What it says to write makes the trace speak.
        ASSERT_FALSE(wrong[0].mending.empty()) << one.says;
        for (const mend& m : wrong[0].mending) {
            if (m.address == 0xE000'0FB0) { // the lock
                seen[0xE000'0FB4] = 1;
                continue;
            }
            auto& value = seen[m.address];
            value = (*value & ~m.mask) | m.value;
        }
        EXPECT_THAT(wrong_in(seen), testing::IsEmpty()) << one.says;
    }
}

TEST(Doctor, NamesWhatNoWriteMends) {
    registers seen = healthy();
    seen[0xE000'ED00] = 0x410C'C200; // Cortex-M0
    ASSERT_EQ(wrong_in(seen).size(), 1U);
    EXPECT_THAT(wrong_in(seen)[0].what, testing::HasSubstr("no ITM"));
    seen = healthy();
    seen[0xE000'EDF0] = 1U << 19U;
    ASSERT_EQ(wrong_in(seen).size(), 1U);
    EXPECT_THAT(wrong_in(seen)[0].what, testing::HasSubstr("lockup"));
    seen = healthy();
    seen[0xE004'0010] = std::nullopt;
    ASSERT_EQ(wrong_in(seen).size(), 1U);
    EXPECT_THAT(wrong_in(seen)[0].what, testing::HasSubstr("cannot be read"));
}

TEST(Doctor, APinWhoseClockIsOffIsAsResetLeftIt) {
    registers seen = healthy();
    seen[0x4002'3830] = 0;
    seen[0x4002'0400] = 0; // reads so without a clock
    EXPECT_THAT(wrong_in(seen), testing::IsEmpty());
}

TEST(Doctor, SeesWhetherRttSpeaks) {
    const auto wrong = [](const rtt_sight& seen) {
        setup s = stm32f4();
        s.log.carrier = config::log_carrier::rtt;
        std::string all;
        for (const finding& f : diagnose_rtt(s, seen))
            if (f.is == finding::verdict::wrong) all += f.what;
        return all;
    };
    EXPECT_THAT(wrong({}), testing::HasSubstr("no RTT control block"));
    const rtt_sight good{.block = 0x2000'0000, .ups = 1, .size = 1024, .written = 4};
    EXPECT_EQ(wrong(good), "");
    rtt_sight bad = good;
    bad.ups = 0;
    EXPECT_THAT(wrong(bad), testing::HasSubstr("no channel 0"));
    bad = good;
    bad.read = 1024;
    EXPECT_THAT(wrong(bad), testing::HasSubstr("not set up"));
}

} // namespace drone::probe

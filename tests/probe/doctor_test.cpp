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

std::vector<finding> wrong_in(const registers& seen, const setup& s = stm32f4()) {
    std::vector<finding> wrong;
    for (finding& f : diagnose_swo(s, seen))
        if (f.is != finding::verdict::right) wrong.push_back(std::move(f));
    return wrong;
}

/// Expects that it has every register that is read, and that nothing is wrong.
void expect_healthy(const registers& seen, const setup& s) {
    for (const std::uint32_t address : swo_registers(s))
        EXPECT_TRUE(seen.contains(address)) << std::hex << address;
    EXPECT_THAT(wrong_in(seen, s), testing::IsEmpty());
}

/// A register whose value silences the trace.
struct fault {
    std::uint32_t address;
    std::uint32_t value;
    const char* says;
};

/// Expects that each fault alone is named, and that what is said to be written mends it.
void expect_each_named_and_mended(
    const registers& good, const setup& s, std::initializer_list<fault> faults
) {
    for (const fault& one : faults) {
        registers seen = good;
        seen[one.address] = one.value;
        const auto wrong = wrong_in(seen, s);
        ASSERT_EQ(wrong.size(), 1U) << one.says;
        EXPECT_THAT(wrong[0].what, testing::HasSubstr(one.says));
        ASSERT_FALSE(wrong[0].mending.empty()) << one.says;
        for (const mend& m : wrong[0].mending) {
            if (m.address == 0xE000'0FB0) { // the lock
                seen[0xE000'0FB4] = 1;
                continue;
            }
            auto& value = seen[m.address];
            value = (value.value_or(0) & ~m.mask) | m.value;
        }
        EXPECT_THAT(wrong_in(seen, s), testing::IsEmpty()) << one.says;
    }
}

} // namespace

TEST(Doctor, FindsNothingWrongWithATraceThatSpeaks) { expect_healthy(healthy(), stm32f4()); }

TEST(Doctor, NamesEachFaultAndMendsIt) {
    expect_each_named_and_mended(
        healthy(),
        stm32f4(),
        {{0xE000'EDFC, 0, "TRCENA"},
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
         {0x4002'0420, 0x0000'5000, "PB3"}}
    );
}

TEST(Doctor, KnowsTheSwoBlockAndTheFunnelOfAnH7) {
    setup s;
    s.probe = parse_via("openocd:stm32h7x").value();
    s.log.core_clock = 400'000'000;
    registers good = {
        {0xE000'ED00, 0x411F'C271}, // CPUID, Cortex-M7
        {0xE000'EDF0, 0x0001'0000},
        {0xE000'EDFC, 0x0100'0000},
        {0xE000'0FB4, 0x0000'0001},
        {0xE000'0E80, 0x0001'0005},
        {0xE000'0E00, 0xFFFF'FFFF},
        {0x5C00'30F0, 2},           // SWO_SPPR
        {0x5C00'3010, 199},         // SWO_CODR
        {0x5C00'1004, 0x0070'0007}, // DBGMCU_CR
        {0x5C00'4000, 0x0000'0301}, // SWTF_CTRL
        {0x5802'44E0, 0x0000'0002}, // RCC_AHB4ENR
        {0x5802'0400, 0x0000'0280}, // GPIOB_MODER
        {0x5802'0420, 0},           // GPIOB_AFRL
    };
    expect_healthy(good, s);
    expect_each_named_and_mended(
        good,
        s,
        {{0x5C00'4000, 0x300, "funnel"},
         {0x5C00'1004, 0x0000'0007, "TRACECLKEN"},
         {0x5C00'1004, 0x0070'0000, "DBGSLEEP_D1"},
         {0x5C00'30F0, 1, "Manchester"},
         {0x5C00'3010, 83, "baud"},
         {0x5802'0400, 0x0000'0240, "PB3"}}
    );
}

TEST(Doctor, KnowsTheTraceAndThePinOfAnNrf52) {
    setup s;
    s.probe = parse_via("openocd:nRF52840_xxAA").value();
    ASSERT_EQ(s.probe.chip, "nrf52");
    ASSERT_TRUE(parse_swo("1000000@32MHz", s.log));
    constexpr std::uint32_t trace = 0x4000'055C;
    constexpr std::uint32_t pin = 0x5000'0A00; // P1.00
    registers good = healthy();
    good[0xE004'0010] = 31;
    good[trace] = 0x0001'0000;
    good[pin] = 0x301;
    expect_healthy(good, s);
    expect_each_named_and_mended(
        good,
        s,
        {{trace, 0, "TRACEMUX"},
         {trace, 0x0001'0001, "the trace clock is 16000000 Hz"},
         {pin, 0x2, "the trace pin is something else"}}
    );
    // The core's clock is not what the trace port divides.
    ASSERT_TRUE(parse_swo("1000000@64MHz", s.log));
    EXPECT_THAT(wrong_in(good, s).back().what, testing::HasSubstr("say 32000000"));
    // Without the chip's name the pin is not known.
    s.probe = parse_via("openocd:nrf52").value();
    ASSERT_TRUE(parse_swo("1000000@32MHz", s.log));
    const auto found = wrong_in(good, s);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].is, finding::verdict::unknown);
}

TEST(Doctor, ReadsTheRateOfAUart) {
    struct chip {
        const char* via;
        std::uint32_t enable;
        std::uint32_t enabled;
        std::uint32_t rate;
        std::uint32_t good; // 115200, from 42 MHz where it is divided
        std::uint32_t bad;
    };
    for (const chip& one :
         {chip{"openocd:stm32f4x", 0x4000'440C, 0x2008, 0x4000'4408, 0x16D, 0x1117},
          chip{"openocd:stm32f4x", 0x4001'100C, 0xA008, 0x4001'1008, 0x2D5, 0x16D}, // OVER8
          chip{"openocd:stm32f1x", 0x4001'380C, 0x2008, 0x4001'3808, 0x16D, 0},
          chip{"openocd:stm32l4x", 0x4000'4400, 0x0009, 0x4000'440C, 0x16D, 0x100},
          chip{"openocd:stm32h7x", 0x4001'1000, 0x0009, 0x4001'100C, 0x16D, 0x100},
          chip{"openocd:nrf52", 0x4000'2500, 4, 0x4000'2524, 0x01D7'E000, 0x0027'5000},
          chip{"openocd:nrf51", 0x4000'2500, 4, 0x4000'2524, 0x01D7'E000, 0x1000'0000}}) {
        setup s;
        s.probe = parse_via(one.via).value();
        ASSERT_TRUE(parse_rate("115200@42MHz", s.log));
        registers seen;
        for (const std::uint32_t address : uart_registers(s))
            seen[address] = 0;
        ASSERT_TRUE(seen.contains(one.enable) && seen.contains(one.rate)) << one.via;
        const auto said = [&] {
            const auto all = diagnose_uart(s, seen);
            EXPECT_EQ(all.size(), 1U) << one.via;
            return all.front();
        };
        EXPECT_EQ(said().is, finding::verdict::wrong); // none is on
        seen[one.enable] = one.enabled;
        seen[one.rate] = one.good;
        EXPECT_EQ(said().is, finding::verdict::right) << one.via << ": " << said().what;
        seen[one.rate] = one.bad;
        const finding bad = said();
        ASSERT_EQ(bad.is, finding::verdict::wrong) << one.via << ": " << bad.what;
        for (const mend& m : bad.mending)
            seen[m.address] = m.value;
        EXPECT_EQ(seen[one.rate], one.good) << one.via;
    }
    setup other;
    other.probe = parse_via("openocd:rp2040").value();
    EXPECT_EQ(diagnose_uart(other, {}).front().is, finding::verdict::unknown);
}

TEST(Doctor, NamesTheUartsThatCannotBeReadOnce) {
    setup s;
    s.probe = parse_via("openocd:stm32f4x").value();
    ASSERT_TRUE(parse_rate("115200@42MHz", s.log));
    // As on the virtual board, which has USART2 alone.
    const auto all = diagnose_uart(s, {{0x4000'440C, 0x2008}, {0x4000'4408, 0x16D}});
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].what, "USART2: 115068 baud");
    EXPECT_EQ(all[1].is, finding::verdict::unknown);
    EXPECT_THAT(all[1].what, testing::StartsWith("USART1, USART3, UART4, USART6 cannot be read"));
}

TEST(Doctor, KnowsWhereAU5FreesTheTracePin) {
    setup s;
    s.probe = parse_via("openocd:stm32u5x").value();
    EXPECT_THAT(swo_registers(s), testing::Contains(0xE004'4004U));
    const auto said = [&](std::uint32_t control) {
        std::string all;
        for (const finding& f : diagnose_swo(s, {{0xE004'4004, control}}))
            if (f.is == finding::verdict::wrong) all += describe(f);
        return all;
    };
    EXPECT_EQ(said(0x36), "");
    EXPECT_THAT(said(0x26), testing::HasSubstr("mmw 0xe0044004 0x30 0xc0"));
    EXPECT_THAT(said(0x30), testing::HasSubstr("DBG_STOP"));
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

TEST(Doctor, SaysWhatBecameOfEachFault) {
    using verdict = finding::verdict;
    const std::vector<finding> before = {
        {verdict::right, "the core runs", {}},
        {verdict::wrong, "ITM_TER is 0x1", {{0xE000'0E00}}},
        {verdict::wrong, "ITM_TCR is 0x2", {{0xE000'0E80}}},
        {verdict::wrong, "no write mends it", {}},
    };
    const std::vector<finding> now = {
        {verdict::right, "ITM_TER", {}},
        {verdict::wrong, "ITM_TCR is 0x3", {{0xE000'0E80}}}, // of another value now
        {verdict::wrong, "no write mends it", {}},
        {verdict::wrong, "a new one", {}},
    };
    std::string all;
    for (const finding& f : after_mending(before, now)) {
        const std::string text = describe(f);
        all += text.substr(0, text.find('\n')) + "\n";
    }
    EXPECT_EQ(
        all,
        "right  the core runs\nMENDED ITM_TER is 0x1\nWRONG  ITM_TCR is 0x2\n"
        "WRONG  no write mends it\nWRONG  a new one\n"
    );
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

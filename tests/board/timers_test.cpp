// SPDX-License-Identifier: MIT

#include "board/dwt.hpp"
#include "board/timers.hpp"

#include <gtest/gtest.h>

namespace drone::board::test {
namespace {

TEST(SysTick, CountsDownAndInterruptsEveryReloadPlusOne) {
    systick clock;
    clock.write(0x014, 99, 0);
    clock.write(0x018, 0, 0);
    clock.write(0x010, 7, 1000);
    EXPECT_EQ(clock.next_event(), 1100U);
    EXPECT_EQ(clock.read(0x018, 1010), 90U);
    EXPECT_FALSE(clock.take_due(1099));
    EXPECT_TRUE(clock.take_due(1100));
    EXPECT_EQ(clock.next_event(), 1200U);
    EXPECT_EQ(clock.read(0x010, 1100), 1U << 16U | 7U); // COUNTFLAG, cleared by the read
    EXPECT_EQ(clock.read(0x010, 1100), 7U);
}

TEST(SysTick, CountsWithoutInterruptingWhenToldSo) {
    systick clock;
    clock.write(0x014, 9, 0);
    clock.write(0x010, 5, 0);
    EXPECT_FALSE(clock.take_due(10));
    EXPECT_FALSE(clock.interrupts());
    EXPECT_EQ(clock.read(0x010, 10) >> 16U, 1U);
}

TEST(SysTick, KeepsItsPaceWhenServedLate) {
    systick clock;
    clock.write(0x014, 9, 0);
    clock.write(0x010, 7, 0);
    EXPECT_TRUE(clock.take_due(57));
    EXPECT_EQ(clock.next_event(), 60U);
}

TEST(SysTick, StandsStillWhenDisabled) {
    systick clock;
    clock.write(0x014, 99, 0);
    clock.write(0x010, 7, 0);
    clock.write(0x010, 6, 30);
    EXPECT_FALSE(clock.next_event());
    EXPECT_EQ(clock.read(0x018, 5000), 70U);
    clock.write(0x010, 7, 5000);
    EXPECT_EQ(clock.next_event(), 5070U);
}

TEST(Timer, CountsUpPrescaledAndFlagsTheUpdate) {
    timer clock;
    clock.write(0x28, 9, 0);  // PSC: ten cycles a tick
    clock.write(0x2C, 99, 0); // ARR
    clock.write(0x0C, 1, 0);
    clock.write(0x00, 1, 0);
    EXPECT_EQ(clock.next_event(), 1000U);
    EXPECT_EQ(clock.read(0x24, 255), 25U);
    clock.take_due(1000);
    EXPECT_TRUE(clock.requests_interrupt());
    EXPECT_EQ(clock.read(0x10, 1000), 1U);
    clock.write(0x10, 0, 1000);
    EXPECT_FALSE(clock.requests_interrupt());
    EXPECT_EQ(clock.next_event(), 2000U);
}

TEST(Timer, StopsAndGoesOnWhereItWas) {
    timer clock;
    clock.write(0x2C, 99, 0);
    clock.write(0x00, 1, 0);
    clock.write(0x00, 0, 40);
    EXPECT_FALSE(clock.next_event());
    EXPECT_EQ(clock.read(0x24, 700), 40U);
    clock.write(0x00, 1, 700);
    EXPECT_EQ(clock.next_event(), 760U);
}

TEST(Dwt, CountsCyclesWhileEnabledAndPowered) {
    dwt watch;
    watch.write(0x000, 1, 0);
    EXPECT_EQ(watch.read(0x000, 0), 0U); // no TRCENA
    watch.set_powered(true, 100);
    watch.write(0x000, 1, 100);
    EXPECT_EQ(watch.read(0x004, 150), 50U);
    watch.write(0x004, 1000, 150);
    EXPECT_EQ(watch.read(0x004, 160), 1010U);
    watch.write(0x000, 0, 160);
    EXPECT_EQ(watch.read(0x004, 900), 1010U);
}

TEST(Dwt, SynchronizesAtItsTap) {
    dwt watch;
    watch.set_powered(true, 0);
    watch.write(0x000, 1U | 2U << 10U, 5);
    EXPECT_EQ(watch.next_event(), 5U + (1U << 26U));
    EXPECT_FALSE(watch.take_due(1000).synchronization);
    EXPECT_TRUE(watch.take_due(5U + (1U << 26U)).synchronization);
    EXPECT_EQ(watch.next_event(), 5U + (2U << 26U));
}

TEST(Dwt, SamplesEveryPostCountOfTheTap) {
    dwt watch;
    watch.set_powered(true, 0);
    watch.write(0x000, 1U | 3U << 1U | 1U << 12U, 0); // POSTPRESET 3, PCSAMPLENA
    EXPECT_EQ(watch.next_event(), 256U);
    EXPECT_TRUE(watch.take_due(256).sample);
    EXPECT_EQ(watch.next_event(), 512U);
}

} // namespace
} // namespace drone::board::test

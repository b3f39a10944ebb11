// SPDX-License-Identifier: MIT

#include "board/nvic.hpp"

#include <gtest/gtest.h>

namespace drone::board::test {
namespace {

using exception::first_interrupt;

constexpr exception_masks unmasked{};

/// Interrupts 3 and 5 enabled, at priorities 0x40 and 0x80.
nvic two_interrupts() {
    nvic controller;
    controller.write(0x100, 1U << 3U | 1U << 5U);
    controller.write(0x400, 0x40U << 24U);
    controller.write(0x404, 0x80U << 8U);
    return controller;
}

TEST(Nvic, RunsTheMoreUrgentOfTwo) {
    nvic controller = two_interrupts();
    controller.write(0x200, 1U << 3U | 1U << 5U);
    EXPECT_EQ(controller.next(unmasked), first_interrupt + 3);
    controller.enter(first_interrupt + 3);
    EXPECT_EQ(controller.next(unmasked), exception::none);
    controller.leave(first_interrupt + 3);
    EXPECT_EQ(controller.next(unmasked), first_interrupt + 5);
}

TEST(Nvic, LowerNumberGoesFirstAtEqualPriority) {
    nvic controller = two_interrupts();
    controller.write(0x404, 0x40U << 8U);
    controller.pend(first_interrupt + 5);
    controller.pend(first_interrupt + 3);
    EXPECT_EQ(controller.next(unmasked), first_interrupt + 3);
    controller.enter(first_interrupt + 3);
    EXPECT_EQ(controller.next(unmasked), exception::none);
}

TEST(Nvic, PreemptsOnlyByTheGroupPartOfThePriority) {
    nvic controller = two_interrupts();
    controller.write(0xD0C, 0x05FA'0600); // PRIGROUP 6: only the top bit groups
    controller.write(0x404, 0x60U << 8U);
    controller.enter(first_interrupt + 5);
    controller.pend(first_interrupt + 3);
    EXPECT_EQ(controller.next(unmasked), exception::none);
}

TEST(Nvic, MasksHoldBackWhatTheyShould) {
    nvic controller = two_interrupts();
    controller.pend(first_interrupt + 3);
    EXPECT_EQ(controller.next({.primask = true}), exception::none);
    EXPECT_EQ(controller.next({.basepri = 0x40}), exception::none);
    EXPECT_EQ(controller.next({.basepri = 0x50}), first_interrupt + 3);
    EXPECT_TRUE(controller.wakes({.primask = true}));
    EXPECT_FALSE(controller.wakes({.primask = true, .basepri = 0x40}));
    EXPECT_TRUE(controller.can_enter(exception::hard_fault, {.primask = true}));
    EXPECT_FALSE(controller.can_enter(exception::hard_fault, {.faultmask = true}));
}

TEST(Nvic, RegistersSetClearAndShow) {
    nvic controller = two_interrupts();
    EXPECT_EQ(controller.read(0x100), 1U << 3U | 1U << 5U);
    controller.write(0x180, 1U << 5U);
    EXPECT_EQ(controller.read(0x100), 1U << 3U);
    controller.write(0xF00, 7); // STIR
    EXPECT_EQ(controller.read(0x200), 1U << 7U);
    controller.write(0x280, 1U << 7U);
    EXPECT_EQ(controller.read(0x200), 0U);
    controller.enter(first_interrupt + 3);
    EXPECT_EQ(controller.read(0x300), 1U << 3U);
    EXPECT_EQ(controller.read(0xD04).value() & 0x1FFU, first_interrupt + 3); // ICSR.VECTACTIVE
}

TEST(Nvic, KeepsFourPriorityBits) {
    nvic controller;
    controller.write(0x400, 0xFFFF'FFFF);
    EXPECT_EQ(controller.read(0x400), 0xF0F0'F0F0U);
    controller.write(0xD20, 0xFFFF'0000); // PendSV, SysTick
    EXPECT_EQ(controller.read(0xD20), 0xF0F0'0000U);
}

TEST(Nvic, PendsAndUnpendsSystemExceptions) {
    nvic controller;
    controller.write(0xD04, 1U << 28U);
    EXPECT_EQ(controller.next(unmasked), exception::pend_sv);
    controller.write(0xD04, 1U << 27U);
    EXPECT_EQ(controller.next(unmasked), exception::none);
}

TEST(Nvic, AsksForAResetOnlyWithTheKey) {
    nvic controller;
    controller.write(0xD0C, 4);
    EXPECT_FALSE(controller.take_reset_request());
    controller.write(0xD0C, 0x05FA'0004);
    EXPECT_TRUE(controller.take_reset_request());
    EXPECT_FALSE(controller.take_reset_request());
}

} // namespace
} // namespace drone::board::test

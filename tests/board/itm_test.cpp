// SPDX-License-Identifier: MIT

#include "board/itm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace drone::board::test {
namespace {

using ::testing::ElementsAre;

constexpr std::uint32_t ter = 0xE00;
constexpr std::uint32_t tcr = 0xE80;

/// An ITM with all ports open, and a pin that takes a byte in ten cycles.
class Itm : public ::testing::Test {
protected:
    Itm() {
        trace.set_powered(true);
        trace.write(0xFB0, 4, itm::unlock_key, 0, pin);
        trace.write(ter, 4, 0xFFFF'FFFF, 0, pin);
        trace.write(tcr, 4, 1, 0, pin);
        pin.write(0x0F0, tpiu::uart);
        pin.write(0x304, 0x100);
    }
    void word(unsigned port, std::uint32_t value, std::uint64_t now) {
        trace.write(4 * port, 4, value, now, pin);
    }
    [[nodiscard]] bool ready(std::uint64_t now) { return trace.read(0, now, pin) == 1; }
    std::vector<std::uint8_t> drained() {
        trace.drain(pin);
        return pin.sent();
    }

    itm trace;
    tpiu pin;
};

TEST_F(Itm, SizesOfWritesAreSizesOfPackets) {
    trace.write(0, 1, 0x41, 0, pin);
    trace.write(4 * 1, 2, 0x4342, 0, pin);
    trace.write(4 * 31, 4, 0x4746'4544, 0, pin);
    EXPECT_THAT(drained(), ElementsAre(0x01, 0x41, 0x0A, 0x42, 0x43, 0xFB, 0x44, 0x45, 0x46, 0x47));
}

TEST_F(Itm, SendsAByteInTenBits) {
    word(0, 0, 100);
    trace.advance(100, pin);
    EXPECT_EQ(pin.sent().size(), 1U); // the pin was idle and took the first at once
    trace.advance(109, pin);
    EXPECT_EQ(pin.sent().size(), 1U);
    trace.advance(110, pin);
    EXPECT_EQ(pin.sent().size(), 2U);
    trace.advance(1000, pin);
    EXPECT_EQ(pin.sent().size(), 5U);
}

TEST_F(Itm, IsReadyWhileAWholePacketFits) {
    word(0, 1, 0);
    word(0, 2, 0);
    word(0, 3, 0); // 15 bytes, one of them already on the pin: 14 of 16
    EXPECT_FALSE(ready(0));
    EXPECT_FALSE(ready(20));
    EXPECT_TRUE(ready(30)); // three more are gone
}

TEST_F(Itm, TellsAnOverflowOnceAndAsSoonAsThereIsRoom) {
    for (std::uint32_t value = 0; value < 10; ++value)
        word(1, value, 0);
    EXPECT_FALSE(ready(0));
    word(1, 0xAA, 1000);
    EXPECT_THAT(
        drained(),
        ElementsAre(0x0B, 0, 0, 0, 0, 0x0B, 1, 0, 0, 0, 0x0B, 2, 0, 0, 0, 0x70, 0x0B, 0xAA, 0, 0, 0)
    );
}

TEST_F(Itm, StampsEachPacketWithTheTicksSinceTheLast) {
    trace.write(tcr, 4, 3, 0, pin);
    trace.write(0, 1, 'a', 5, pin);    // LTS2: 5 ticks
    trace.write(0, 1, 'b', 105, pin);  // LTS1: 100 = 0x64
    trace.write(0, 1, 'c', 1105, pin); // 1000 = 7 * 128 + 0x68
    trace.write(0, 1, 'd', 1105, pin); // 0 ticks: LTS1
    EXPECT_THAT(
        drained(),
        ElementsAre(
            0x01,
            'a',
            0x50,
            0x01,
            'b',
            0xC0,
            0x64,
            0x01,
            'c',
            0xC0,
            0xE8,
            0x07,
            0x01,
            'd',
            0xC0,
            0x00
        )
    );
}

TEST_F(Itm, CountsPrescaledTicks) {
    trace.write(tcr, 4, 3 | 3U << 8U, 0, pin); // one tick in 64 cycles
    trace.write(0, 1, 'a', 640, pin);
    EXPECT_THAT(drained(), ElementsAre(0x01, 'a', 0xC0, 10));
}

TEST_F(Itm, SaysThatAStampIsDelayed) {
    trace.write(tcr, 4, 3, 0, pin);
    word(0, 1, 1'000);                // 5 + 3 bytes, one on the pin
    word(0, 2, 1'001);                // 5 + 1: 13 wait
    trace.write(0, 2, 3, 1'005, pin); // 3: full, no room for the stamp
    const auto sent = drained();
    ASSERT_EQ(sent.size(), 5U + 3 + 5 + 1 + 3 + 2);
    EXPECT_EQ(sent[17], 0xD0);
    EXPECT_GT(sent[18], 4); // when it left, not when the packet was written
}

TEST_F(Itm, SynchronizesWhenAskedTo) {
    trace.synchronize(0, pin);
    EXPECT_TRUE(drained().empty());
    trace.write(tcr, 4, 5, 0, pin);
    trace.synchronize(0, pin);
    EXPECT_THAT(drained(), ElementsAre(0, 0, 0, 0, 0, 0x80));
}

TEST_F(Itm, KeepsWhatItPromisedWhenASynchronizationComesBetween) {
    trace.write(tcr, 4, 5, 0, pin);
    word(0, 0, 0);
    word(0, 0, 0);
    ASSERT_TRUE(ready(0));
    trace.synchronize(0, pin);
    word(0, 0x0707'0707, 5);
    EXPECT_FALSE(ready(6)) << "the synchronisation is next";
    const auto sent = drained();
    ASSERT_EQ(sent.size(), 3U * 5 + 6);
    EXPECT_EQ(sent[14], 7U);
    EXPECT_EQ(sent[20], 0x80U);
    EXPECT_TRUE(ready(1000));
}

TEST_F(Itm, PassesHardwarePacketsOnlyWhereTheyAreEnabled) {
    const std::array<std::uint8_t, 3> packet{0x0E, 15, 0x10};
    trace.hardware_packet(packet, 0, pin);
    EXPECT_TRUE(drained().empty());
    trace.write(tcr, 4, 1U | 1U << 3U, 0, pin);
    trace.hardware_packet(packet, 0, pin);
    EXPECT_THAT(drained(), ElementsAre(0x0E, 15, 0x10));
}

TEST_F(Itm, IsDeadWithoutTraceEnable) {
    trace.set_powered(false);
    word(0, 1, 0);
    EXPECT_EQ(trace.read(ter, 0, pin), 0U);
    EXPECT_FALSE(ready(0));
    EXPECT_TRUE(drained().empty());
}

TEST_F(Itm, TakesWritesOnlyUnlocked) {
    trace.write(0xFB0, 4, 0, 0, pin);
    trace.write(ter, 4, 0, 0, pin);
    EXPECT_EQ(trace.read(ter, 0, pin), 0xFFFF'FFFFU);
    EXPECT_EQ(trace.read(0xFB4, 0, pin), 3U);
}

} // namespace
} // namespace drone::board::test

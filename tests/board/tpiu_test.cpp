// SPDX-License-Identifier: MIT

#include "board/tpiu.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <utility>

namespace drone::board::test {
namespace {

/// A plain deformatter: bytes with their source, padding left out (CoreSight, formatter protocol).
std::vector<std::uint8_t> deframed(const std::vector<std::uint8_t>& frames, std::uint8_t wanted) {
    std::vector<std::uint8_t> bytes;
    std::uint8_t source = 0;
    const auto take = [&](std::uint8_t byte) {
        if (source == wanted) bytes.push_back(byte);
    };
    for (std::size_t base = 0; base + 16 <= frames.size(); base += 16) {
        for (std::size_t i = 0; i < 16; i += 2) {
            const std::uint8_t even = frames[base + i];
            const bool flag = (frames[base + 15] >> i / 2 & 1U) != 0;
            const bool has_odd = i != 14;
            if ((even & 1U) == 0) {
                take(static_cast<std::uint8_t>(even | (flag ? 1U : 0U)));
                if (has_odd) take(frames[base + i + 1]);
                continue;
            }
            const auto next = static_cast<std::uint8_t>(even >> 1U);
            if (flag && has_odd) take(frames[base + i + 1]);
            source = next;
            if (!flag && has_odd) take(frames[base + i + 1]);
        }
    }
    return bytes;
}

TEST(Tpiu, FramesCarryEveryByteWhateverTheLengthAndBits) {
    for (std::size_t length = 0; length <= 64; ++length) {
        tpiu pin;
        pin.write(0x0F0, tpiu::uart);
        std::vector<std::uint8_t> bytes(length);
        std::iota(bytes.begin(), bytes.end(), static_cast<std::uint8_t>(length * 7));
        for (const std::uint8_t byte : bytes)
            pin.transmit(byte, 5);
        pin.flush();
        ASSERT_EQ(pin.sent().size() % 16, 0U);
        EXPECT_EQ(deframed(pin.sent(), 5), bytes) << length;
    }
}

TEST(Tpiu, SendsBytesAsTheyAreWithoutFrames) {
    tpiu pin;
    pin.write(0x0F0, tpiu::uart);
    pin.write(0x304, 0x100);
    pin.transmit(0xA5, 1);
    EXPECT_EQ(pin.sent(), std::vector<std::uint8_t>{0xA5});
}

TEST(Tpiu, SaysNothingInEncodingsOtherThanTheUart) {
    tpiu pin;
    pin.write(0x304, 0x100);
    pin.transmit(0xA5, 1);
    EXPECT_TRUE(pin.sent().empty());
}

TEST(Tpiu, TakesTenBitsAByte) {
    tpiu pin;
    pin.write(0x304, 0x100);
    pin.write(0x010, 83); // 168 MHz to 2 Mbaud
    EXPECT_EQ(pin.cycles_per_byte(), 840U);
}

} // namespace
} // namespace drone::board::test

// SPDX-License-Identifier: MIT
#include <drone/log.hpp>
#include <drone/ram_ring.hpp>

#include <gtest/gtest.h>

#include <cstring>

namespace {

static_assert(drone::log_carrier<drone::ram_ring<16>>);
static_assert(sizeof(drone::ring_header) == 24, "as docs/formats.md has it");

template <class Ring>
drone::ring_header header_of() {
    drone::ring_header header{};
    std::memcpy(&header, Ring::data(), sizeof header);
    return header;
}

TEST(RamRing, ListensOnItsOwnPortOnly) {
    using ring = drone::ram_ring<16, 7>;
    EXPECT_TRUE(ring::enabled(7));
    EXPECT_TRUE(ring::ready(7));
    EXPECT_FALSE(ring::enabled(31));
    EXPECT_FALSE(ring::enabled(0));
}

TEST(RamRing, HasAHeaderFromItsFirstWordOn) {
    using ring = drone::ram_ring<64, 30>;
    EXPECT_NE(header_of<ring>().magic[0], drone::ring_header::magic_low);
    ring::write(30, 0x1234'5678U);
    const drone::ring_header header = header_of<ring>();
    EXPECT_EQ(header.magic[0], drone::ring_header::magic_low);
    EXPECT_EQ(header.magic[1], drone::ring_header::magic_high);
    EXPECT_EQ(header.shape, 1U << 24U | 30U << 16U | 6U);
    EXPECT_EQ(
        header.address, static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(ring::data()))
    );
    EXPECT_EQ(header.check, drone::ring_header::check_of(header.shape, header.address));
    EXPECT_EQ(header.written, 1U);
    EXPECT_EQ(ring::size_bytes(), 24U + 4 * 64);
}

TEST(RamRing, KeepsNoBytes) {
    using ring = drone::ram_ring<32>;
    ring::write(31, 1U);
    ring::write(31, std::uint8_t{2});
    EXPECT_EQ(header_of<ring>().written, 1U);
}

TEST(RamRing, IsStillFullWhenItsCountWraps) {
    EXPECT_EQ(drone::ring_header::next_count(41, 64), 42U);
    EXPECT_EQ(drone::ring_header::next_count(0xFFFF'FFFE, 64), 0xFFFF'FFFF);
    EXPECT_EQ(drone::ring_header::next_count(0xFFFF'FFFF, 64), 64U);
}

TEST(RamRing, TellsAHalfInitialisedHeader) {
    const std::uint32_t shape = drone::ring_header::shape_of(31, 10);
    const std::uint32_t check = drone::ring_header::check_of(shape, 0x2000'0100);
    EXPECT_NE(
        drone::ring_header::check_of(drone::ring_header::shape_of(31, 11), 0x2000'0100), check
    );
    EXPECT_NE(
        drone::ring_header::check_of(drone::ring_header::shape_of(30, 10), 0x2000'0100), check
    );
    EXPECT_NE(drone::ring_header::check_of(shape, 0x2000'0104), check);
    EXPECT_NE(drone::ring_header::check_of(0, 0), 0U);
}

} // namespace

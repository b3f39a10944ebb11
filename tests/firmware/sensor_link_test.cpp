// SPDX-License-Identifier: MIT
#include "sensor_link.hpp"

#include <gtest/gtest.h>

#include <set>

namespace {

TEST(the_sensor_link, waits_when_its_window_is_full) {
    sensor_link link{40};
    for (std::uint32_t i = 0; i < 2 * sensor_link::window; ++i)
        link.tick();
    EXPECT_TRUE(link.full());
    ASSERT_NE(link.receive(), nullptr);
    link.give_back();
    EXPECT_TRUE(link.full()) << "the packet is freed by the interrupt, not before";
    link.tick();
    EXPECT_TRUE(link.full()) << "the next one has taken its place";
    while (!link.silent()) { // so that every packet is freed
        if (link.receive() != nullptr) link.give_back();
        link.tick();
    }
}

TEST(the_sensor_link, brings_every_packet_in_order_and_then_falls_silent) {
    sensor_link link{200};
    std::uint32_t received = 0;
    std::uint32_t damaged = 0;
    std::set<std::size_t> lengths;
    for (int ticks = 0; !link.silent(); ++ticks) {
        ASSERT_LT(ticks, 1'000);
        link.tick();
        const packet* const arrived = link.receive();
        if (arrived == nullptr) continue;
        EXPECT_EQ(arrived->source, received % sources);
        const auto payload = arrived->payload();
        lengths.insert(payload.size());
        if (crc8(payload.first(payload.size() - 1)) != payload.back()) ++damaged;
        ++received;
        link.give_back();
    }
    EXPECT_EQ(received, 200U);
    EXPECT_EQ(lengths.size(), sources) << "each source has packets of its own size";
    EXPECT_EQ(damaged, 3U);
    EXPECT_EQ(link.receive(), nullptr);
}

} // namespace

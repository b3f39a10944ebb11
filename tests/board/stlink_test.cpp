// SPDX-License-Identifier: MIT

// The ST-Link and its server as bytes, against a target that is only memory.

#include "base/bytes.hpp"
#include "board/stlink_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace drone::board::test {
namespace {

using bytes = std::vector<std::uint8_t>;
using ::testing::ElementsAre;

/// 64 KiB of RAM at 0x20000000; anywhere else is a fault.
class ram_target : public debug_target {
public:
    std::optional<std::uint32_t> debug_read(std::uint32_t address, unsigned size) override {
        EXPECT_EQ(address % size, 0U);
        if (!inside(address, size)) return std::nullopt;
        return static_cast<std::uint32_t>(
            base::load_le(std::span<const std::uint8_t>(memory).subspan(address - origin, size))
        );
    }
    bool debug_write(std::uint32_t address, unsigned size, std::uint32_t value) override {
        EXPECT_EQ(address % size, 0U);
        if (!inside(address, size)) return false;
        std::copy_n(base::store_le(value).begin(), size, memory.begin() + (address - origin));
        return true;
    }
    void drive_reset_pin(bool low) override {
        resets += held && !low ? 1 : 0;
        held = low;
    }
    [[nodiscard]] static bool inside(std::uint32_t address, unsigned size) {
        return address >= origin && address - origin <= memory_bytes - size;
    }

    static constexpr std::uint32_t origin = 0x2000'0000;
    static constexpr std::uint32_t memory_bytes = 0x1'0000;
    bytes memory = bytes(memory_bytes);
    bool held = false;
    int resets = 0;
};

class Stlink : public ::testing::Test {
protected:
    enum way : std::uint8_t { out, in, swo = 3 };

    static bytes usb(way direction, std::uint32_t size, bytes command, const bytes& data = {}) {
        bytes request{5, 0, 0, 0, 0x77, 0, 0, 0};
        command.resize(16);
        request.insert(request.end(), command.begin(), command.end());
        request.insert(request.end(), {direction, 0, 0, 0});
        for (const std::uint8_t byte : base::store_le(size))
            request.push_back(byte);
        request.insert(request.end(), data.begin(), data.end());
        return request;
    }
    static bytes memory_command(std::uint8_t name, std::uint32_t address, std::uint16_t size) {
        bytes command{0xF2, name};
        for (const std::uint8_t byte : base::store_le(address))
            command.push_back(byte);
        for (const std::uint8_t byte : base::store_le(size))
            command.push_back(byte);
        return command;
    }
    bytes ask(const bytes& request) { return server.receive(request).value(); }
    /// The answer without the server's own status, which must be that it is done.
    bytes command(way direction, std::uint32_t size, const bytes& what, const bytes& data = {}) {
        bytes answer = ask(usb(direction, size, what, data));
        EXPECT_GE(answer.size(), 4U);
        EXPECT_EQ(base::load_le<std::uint32_t>(answer.data()), 1U);
        answer.erase(answer.begin(), answer.begin() + 4);
        return answer;
    }
    bytes last_status() { return command(in, 12, {0xF2, 0x3E}); }

    ram_target target;
    stlink_probe probe{{}, target};
    stlink_server server{{}, probe};
};

TEST_F(Stlink, AnswersAsTheServerDoes) {
    EXPECT_THAT(ask({6, 1, 0, 0}), ElementsAre(3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0));
    EXPECT_THAT(ask({0, 0}), ElementsAre(1, 0, 0, 0));
    EXPECT_THAT(ask({1}), ElementsAre(1, 0, 0, 0));
    const bytes info = ask({2, 0, 0, 0, 41, 0, 0, 0});
    ASSERT_EQ(info.size(), 45U);
    EXPECT_THAT(bytes(info.end() - 5, info.end()), ElementsAre(0x83, 0x04, 0x4E, 0x37, 0));
    EXPECT_EQ(ask({3, 0, 0, 0, 1, 0, 0, 0}).size(), 8U);
    EXPECT_THAT(ask({4, 0, 0, 0, 0x77, 0, 0, 0}), ElementsAre(1, 0, 0, 0));
}

TEST_F(Stlink, RefusesAnotherProtocol) {
    EXPECT_EQ(
        server.receive(bytes{'G', 'E', 'T'}).error().message,
        "the client does not speak stlink-server's protocol: a request begins with 0x47"
    );
    server.disconnect();
    EXPECT_FALSE(server.receive(usb(out, 0xFFFF'FFFF, {0xF2, 0x08})).has_value());
}

TEST_F(Stlink, TellsItsVersionInTheFormThatItHas) {
    EXPECT_THAT(command(in, 6, {0xF1}), ElementsAre(0x30, 0, 0x83, 0x04, 0x4E, 0x37));
    EXPECT_THAT(
        command(in, 12, {0xFB}), ElementsAre(3, 0, 9, 0, 0, 0, 0, 0, 0x83, 0x04, 0x4E, 0x37)
    );
    stlink_probe old(parse_stlink_version("V2J40").value(), target);
    bytes answer(6);
    const bytes get_version{0xF1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    old.command(std::span<const std::uint8_t>(get_version).first<16>(), {}, answer);
    EXPECT_THAT(answer, ElementsAre(0x2A, 0x00, 0x83, 0x04, 0x48, 0x37));
}

TEST_F(Stlink, NamesTheAddressThatFailed) {
    const bytes answer = command(in, 16, memory_command(0x07, 0x2000'FFF8, 16));
    EXPECT_EQ(answer.size(), 16U) << "an answer is whole, whatever happened";
    EXPECT_THAT(last_status(), ElementsAre(0x11, 0, 0, 0, 0, 0, 1, 0x20, 0, 0, 0, 0));
    static_cast<void>(command(in, 4, memory_command(0x07, 0x2000'0000, 4)));
    EXPECT_EQ(last_status()[0], 0x80);
    static_cast<void>(command(in, 4, {0xF2, 0x07, 0, 0, 0, 0x20, 4, 0, 1})); // access port 1
    EXPECT_EQ(last_status()[0], 0x11);
}

TEST_F(Stlink, DoesAListOfAccesses) {
    bytes items{5, 1, 2, 3, 2, 0, 0, 0};
    for (const std::uint32_t value : {0U, 0x2000'0010U, 0xCAFEU, 0x2000'0010U, 7U})
        for (const std::uint8_t byte : base::store_le(value))
            items.push_back(byte);
    EXPECT_TRUE(
        command(out, static_cast<std::uint32_t>(items.size()), {0xF2, 0x51, 5}, items).empty()
    );
    const bytes results = command(in, 40, {0xF2, 0x52});
    EXPECT_EQ(base::load_le<std::uint32_t>(&results[12]), 0xCAFEU);
    for (std::size_t at = 20; at < 40; at += 4)
        EXPECT_EQ(base::load_le<std::uint32_t>(&results[at]), 0x80U);
    // More items than were sent.
    command(out, 4, {0xF2, 0x51, 0xFF, 0xFF, 0xFF, 0xFF}, {1, 1, 1, 1});
    EXPECT_EQ(last_status()[0], 0x11);
}

TEST_F(Stlink, DrivesTheResetPinUntilTheHostIsGone) {
    static_cast<void>(command(in, 2, {0xF2, 0x3C, 0}));
    EXPECT_TRUE(target.held);
    static_cast<void>(command(in, 2, {0xF2, 0x3C, 1}));
    EXPECT_EQ(target.resets, 1);
    static_cast<void>(command(in, 2, {0xF2, 0x3C, 2}));
    EXPECT_EQ(target.resets, 2);
    static_cast<void>(command(in, 2, {0xF2, 0x3C, 0}));
    server.disconnect();
    EXPECT_FALSE(target.held);
}

TEST_F(Stlink, KeepsTheTraceForTheHost) {
    const bytes some{1, 2, 3, 4, 5};
    probe.trace().receive(some, 2'000'000);
    EXPECT_THAT(command(in, 2, {0xF2, 0x42}), ElementsAre(0, 0)) << "it was not started";
    static_cast<void>(command(in, 2, {0xF2, 0x40, 0, 0x10, 0x80, 0x84, 0x1E, 0}));
    probe.trace().receive(some, 2'000'000);
    EXPECT_THAT(command(in, 2, {0xF2, 0x42}), ElementsAre(5, 0));
    EXPECT_THAT(command(swo, 3, {}), ElementsAre(1, 2, 3));
    EXPECT_THAT(command(swo, 3, {}), ElementsAre(4, 5, 0));
}

RC_GTEST_FIXTURE_PROP(Stlink, MemoryIsWhatWasWritten, ()) {
    bytes model(ram_target::memory_bytes);
    const auto count = *rc::gen::inRange(1, 30);
    for (int i = 0; i < count; ++i) {
        static constexpr std::array<std::array<std::uint8_t, 3>, 3> commands{
            {{4, 0x08, 0x07}, {2, 0x48, 0x47}, {1, 0x0D, 0x0C}}
        };
        const auto [unit, write, read] = commands[*rc::gen::inRange<std::size_t>(0, 3)];
        const auto units = *rc::gen::inRange<std::uint16_t>(1, 40);
        const auto size = static_cast<std::uint16_t>(units * unit);
        const auto at = *rc::gen::inRange<std::uint32_t>(0, 200) * unit;
        if (*rc::gen::arbitrary<bool>()) {
            const auto data = *rc::gen::container<bytes>(size, rc::gen::arbitrary<std::uint8_t>());
            command(out, size, memory_command(write, ram_target::origin + at, size), data);
            std::ranges::copy(data, model.begin() + at);
        } else {
            const bytes got =
                command(in, size, memory_command(read, ram_target::origin + at, size));
            RC_ASSERT(got == bytes(model.begin() + at, model.begin() + at + size));
        }
        RC_ASSERT(last_status()[0] == 0x80);
    }
    RC_ASSERT(target.memory == model);
}

RC_GTEST_FIXTURE_PROP(Stlink, TakesRequestsInAnyPieces, ()) {
    bytes all;
    const auto add = [&all](const bytes& more) { all.insert(all.end(), more.begin(), more.end()); };
    const auto count = *rc::gen::inRange(1, 12);
    for (int i = 0; i < count; ++i) {
        switch (*rc::gen::inRange(0, 4)) {
        case 0:
            add({1});
            break;
        case 1:
            add({6, 1, 0, 0});
            break;
        case 2:
            add(
                usb(out,
                    8,
                    memory_command(0x08, 0x2000'0000, 8),
                    *rc::gen::container<bytes>(8, rc::gen::arbitrary<std::uint8_t>()))
            );
            break;
        default:
            add(usb(in, 8, memory_command(0x07, 0x2000'0000, 8)));
        }
    }
    const bytes whole = server.receive(all).value();
    target.memory.assign(target.memory.size(), 0);
    bytes pieces;
    for (std::size_t at = 0; at < all.size();) {
        const auto size = *rc::gen::inRange<std::size_t>(1, all.size() - at + 1);
        const bytes some = server.receive(std::span(all).subspan(at, size)).value();
        pieces.insert(pieces.end(), some.begin(), some.end());
        at += size;
    }
    RC_ASSERT(pieces == whole);
}

// Whatever arrives, the answer is an error or has the length that was asked for; nothing breaks.
RC_GTEST_FIXTURE_PROP(
    Stlink,
    StandsAnyCommand,
    (std::vector<std::uint8_t> what, std::vector<std::uint8_t> data, std::uint16_t size)
) {
    what.resize(15);
    what.insert(what.begin(), 0xF2);
    RC_ASSERT(command(in, size, what).size() == size);
    const auto sent = static_cast<std::uint32_t>(data.size());
    RC_ASSERT(command(out, sent, what, data).empty());
}

TEST(StlinkVersion, IsReadOrRefused) {
    EXPECT_EQ(parse_stlink_version("V3J12")->jtag, 12U);
    for (const char* const wrong : {"", "V2", "V2J", "V4J1", "V2J64", "V2J4x", "2J40", "V2J-1"})
        EXPECT_FALSE(parse_stlink_version(wrong).has_value()) << wrong;
}

TEST(DebugPort, AcknowledgesPowerAndKeepsAFault) {
    ram_target target;
    debug_port port(target);
    port.write(4, 0x5000'0000);
    EXPECT_EQ(port.read(4), 0xF000'0000U);
    port.write_access_port(0, 0x00, 0x2300'0052); // words, increments
    port.write_access_port(0, 0x04, 0x2000'0FFC);
    port.write_access_port(0, 0x0C, 0x1234'5678);
    EXPECT_EQ(port.read_access_port(0, 0x04), 0x2000'0000U) << "TAR counts in 4 KiB";
    port.write_access_port(0, 0x04, 0x2000'0FFC);
    EXPECT_EQ(port.read_access_port(0, 0x1C), 0x1234'5678U); // BD3
    port.write_access_port(0, 0x04, 0x3000'0000);
    static_cast<void>(port.read_access_port(0, 0x0C));
    EXPECT_EQ(port.read(4), 0xF000'0020U);
    port.write(0, 4);
    EXPECT_EQ(port.read(4), 0xF000'0000U);
}

TEST(DebugPort, PutsBytesOnTheirLanes) {
    ram_target target;
    debug_port port(target);
    port.write_access_port(0, 0x00, 0x2300'0050); // bytes, increments
    port.write_access_port(0, 0x04, 0x2000'0001);
    port.write_access_port(0, 0x0C, 0x0000'AB00);
    port.write_access_port(0, 0x0C, 0x00CD'0000);
    EXPECT_THAT(
        bytes(target.memory.begin(), target.memory.begin() + 4), ElementsAre(0, 0xAB, 0xCD, 0)
    );
    port.write_access_port(0, 0x04, 0x2000'0002);
    EXPECT_EQ(port.read_access_port(0, 0x0C), 0x00CD'0000U);
}

TEST(TraceReceiver, GetsWhatIsSentAtNearlyItsRate) {
    bytes all(256);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<std::uint8_t>(i);
    for (const std::uint32_t pin : {970'000U, 1'000'000U, 1'030'000U}) {
        trace_receiver receiver;
        receiver.start(1'000'000, 4096);
        receiver.receive(all, pin);
        bytes got(all.size());
        receiver.take(got);
        EXPECT_EQ(got, all) << pin;
    }
}

TEST(TraceReceiver, GetsWrongBytesAtAWrongRate) {
    for (const std::uint32_t pin : {190'000U, 500'000U, 2'000'000U, 10'500'000U}) {
        trace_receiver receiver;
        receiver.start(1'000'000, 4096);
        const bytes sent{0x03, 0x10, 0x20, 0x30, 0x40};
        receiver.receive(sent, pin);
        bytes got(receiver.waiting());
        receiver.take(got);
        EXPECT_NE(got, sent) << pin;
    }
}

TEST(TraceReceiver, LosesWhatFindsNoRoom) {
    trace_receiver receiver;
    receiver.start(1'000'000, 3);
    receiver.receive(bytes{1, 2, 3, 4, 5}, 1'000'000);
    EXPECT_EQ(receiver.waiting(), 3U);
    EXPECT_EQ(receiver.room(), 0U);
    EXPECT_EQ(receiver.lost(), 2U);
}

} // namespace
} // namespace drone::board::test

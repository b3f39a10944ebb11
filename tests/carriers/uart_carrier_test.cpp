// SPDX-License-Identifier: MIT
#include "stream/decoder.hpp"

#include <drone/log.hpp>
#include <drone/uart_carrier.hpp>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace drone {

namespace {

/// A core whose interrupt comes wherever one can: whenever interrupts are not masked any more.
struct preempted_core {
    static inline int masks = 0;
    static inline std::function<void()> interrupt;

    struct critical_section {
        critical_section() noexcept { ++masks; }
        ~critical_section() {
            if (--masks == 0 && interrupt) interrupt();
        }
        critical_section(const critical_section&) = delete;
        critical_section& operator=(const critical_section&) = delete;
    };
    using free_list = masked_block_list<critical_section>;
};

/// A UART that takes a byte as often as `takes` says, and keeps all.
struct uart {
    static inline bool on = true;
    static inline std::function<bool()> takes;
    static inline std::vector<std::uint8_t> sent;

    static bool enabled() noexcept { return on; }
    static bool ready() noexcept { return !takes || takes(); }
    static void write(std::uint8_t byte) noexcept {
        EXPECT_GT(preempted_core::masks, 0);
        sent.push_back(byte);
    }
};

using itm_carrier = uart_carrier<uart, preempted_core, itm_framing, 16>;
using dso_carrier = uart_carrier<uart, preempted_core, dso_framing, 16>;
static_assert(log_carrier<itm_carrier> && log_carrier<dso_carrier>);

/// What a decoder makes of the bytes.
struct heard : stream::packet_sink {
    std::vector<stream::software> written;
    std::size_t synchronisations = 0;
    std::size_t other = 0;

    heard(stream::framing how, std::span<const std::uint8_t> bytes) {
        const auto decoder = stream::make_decoder({.how = how});
        decoder->feed(bytes, *this);
        decoder->finish(*this);
    }
    void on_packet(const stream::located_packet& found) override {
        if (const auto* const packet = std::get_if<stream::software>(&found.value))
            written.push_back(*packet);
        else if (std::holds_alternative<stream::synchronisation>(found.value))
            ++synchronisations;
        else
            ++other;
    }

    [[nodiscard]] std::vector<std::uint32_t> of_port(unsigned port) const {
        std::vector<std::uint32_t> values;
        for (const stream::software& each : written)
            if (each.port == port) values.push_back(each.value);
        return values;
    }
};

template <class Carrier>
constexpr stream::framing framing_of =
    std::is_same_v<Carrier, itm_carrier> ? stream::framing::swo : stream::framing::dso;

template <class Carrier>
class UartCarrier : public testing::Test {
protected:
    void SetUp() override { reset(); }
    void TearDown() override { reset(); }

    static void reset() {
        preempted_core::interrupt = nullptr;
        uart::on = true;
        uart::takes = nullptr;
        Carrier::drain();
        uart::sent.clear();
    }

    static heard everything() {
        uart::takes = nullptr;
        Carrier::drain();
        return {framing_of<Carrier>, uart::sent};
    }
};

using carriers = testing::Types<itm_carrier, dso_carrier>;
TYPED_TEST_SUITE(UartCarrier, carriers);

} // namespace

TYPED_TEST(UartCarrier, SendsWordsAndBytesOfEveryPort) {
    for (unsigned port = 0; port < log_port_count; ++port) {
        ASSERT_TRUE(TypeParam::ready(port));
        TypeParam::write(port, 0x8000'0000U + port);
        ASSERT_TRUE(TypeParam::ready(port));
        TypeParam::write(port, static_cast<std::uint8_t>(port));
    }
    const heard all = this->everything();
    ASSERT_EQ(all.written.size(), 2UZ * log_port_count);
    for (unsigned port = 0; port < log_port_count; ++port) {
        EXPECT_EQ(all.of_port(port), (std::vector<std::uint32_t>{0x8000'0000U + port, port}));
        EXPECT_EQ(all.written[2UZ * port].size, 4);
        EXPECT_EQ(all.written[2UZ * port + 1].size, 1);
    }
    EXPECT_EQ(all.other, 0U);
}

TYPED_TEST(UartCarrier, InterruptsSplitNoPacketAndNothingIsLost) {
    EXPECT_TRUE(rc::check([] {
        const auto readiness =
            *rc::gen::container<std::vector<bool>>(97, rc::gen::arbitrary<bool>());
        RC_PRE(std::ranges::find(readiness, true) != readiness.end());
        const auto interrupts =
            *rc::gen::container<std::vector<bool>>(61, rc::gen::arbitrary<bool>());
        UartCarrier<TypeParam>::reset();
        std::size_t asked = 0;
        uart::takes = [&] { return readiness[asked++ % readiness.size()]; };
        // The interrupt writes words on port 31 as trace_port does, the main program text.
        std::size_t moments = 0;
        std::uint32_t words = 0;
        bool inside = false;
        preempted_core::interrupt = [&] {
            if (inside || words == 300 || !interrupts[moments++ % interrupts.size()]) return;
            inside = true;
            const preempted_core::critical_section masked;
            if (TypeParam::ready(31)) TypeParam::write(31, words++);
            inside = false;
        };
        std::vector<std::uint32_t> text;
        for (unsigned i = 0; i < 300; ++i) {
            const char letter = static_cast<char>('a' + i % 26);
            log_port<TypeParam, 0>::write(&letter, 1);
            text.push_back(static_cast<std::uint32_t>(letter));
        }
        preempted_core::interrupt = nullptr;
        const heard all = UartCarrier<TypeParam>::everything();
        RC_ASSERT(all.other == 0U);
        RC_ASSERT(all.of_port(0) == text);
        const std::vector<std::uint32_t> traced = all.of_port(31);
        RC_ASSERT(traced.size() == words);
        for (std::uint32_t i = 0; i < words; ++i)
            RC_ASSERT(traced[i] == i);
    }));
}

TYPED_TEST(UartCarrier, IsNotReadyWithoutRoomForAPacket) {
    uart::takes = [] { return false; };
    std::uint32_t written = 0;
    while (TypeParam::ready(31))
        TypeParam::write(31, written++);
    EXPECT_GE(written, 1U);
    EXPECT_TRUE(TypeParam::pump());
    uart::takes = nullptr;
    EXPECT_TRUE(TypeParam::ready(31));
    EXPECT_FALSE(TypeParam::pump());
    EXPECT_EQ(this->everything().of_port(31).size(), written);
}

TYPED_TEST(UartCarrier, AWriteThatDidNotAskWaitsForRoom) {
    std::size_t asked = 0;
    uart::takes = [&] { return ++asked % 7 == 0; };
    for (std::uint32_t i = 0; i < 100; ++i)
        TypeParam::write(30, i);
    EXPECT_EQ(this->everything().of_port(30).size(), 100U);
}

TYPED_TEST(UartCarrier, AUartThatIsOffHoldsNobodyUp) {
    TypeParam::write(0, std::uint8_t{'a'});
    uart::takes = [] { return false; };
    uart::on = false;
    EXPECT_FALSE(TypeParam::enabled(0));
    EXPECT_FALSE(TypeParam::ready(0));
    TypeParam::write(0, std::uint8_t{'b'});
    TypeParam::drain();
    uart::on = true;
    EXPECT_EQ(this->everything().of_port(0), (std::vector<std::uint32_t>{'a'}));
}

TEST(UartCarrierPorts, AreChosenWhenTheProgramIsCompiled) {
    using trace_only = uart_carrier<uart, preempted_core, dso_framing, 32, 1U << 31U>;
    EXPECT_TRUE(trace_only::enabled(31));
    EXPECT_FALSE(trace_only::enabled(0));
    uart::sent.clear();
    log_port<trace_only, 0>::write("text", 4);
    trace_only::drain();
    EXPECT_TRUE(uart::sent.empty());
}

TEST(UartCarrierSynchronisation, GoesOutFirstAndThenNowAndThen) {
    using carrier = uart_carrier<uart, preempted_core, itm_framing, 128>;
    uart::sent.clear();
    for (std::uint32_t i = 0; i < 1000; ++i)
        carrier::write(31, i);
    carrier::drain();
    const std::vector<std::uint8_t> begin(uart::sent.begin(), uart::sent.begin() + 6);
    EXPECT_EQ(begin, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0x80}));
    EXPECT_EQ(heard(stream::framing::swo, uart::sent).synchronisations, 4U);
    // A receiver that attaches in the middle of a word loses that, and at most what comes before
    // the next synchronisation.
    const std::span all(uart::sent);
    const heard late(stream::framing::swo, all.subspan(6 + 5 * 100 + 2));
    EXPECT_GE(late.of_port(31).size(), 1000U - 256U);
    EXPECT_EQ(late.of_port(31).back(), 999U);
}

} // namespace drone

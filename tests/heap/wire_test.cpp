// SPDX-License-Identifier: MIT
// The worked bytes of docs/formats.md, made and read back.
#include <drone/wire.hpp>

#include <gtest/gtest.h>

namespace {

using namespace drone::wire;

constexpr auto documented = drone::make_layout(1024, {{4, 10}, {12, 5}});

TEST(Wire, AnnouncesAsDocumented) {
    constexpr auto words = announce(documented);
    EXPECT_EQ(with_flags(words.at[0], flag_digests).bits, 0xA001'2302U);
    EXPECT_EQ(words.at[1].bits, 0xA100'03FFU);
    EXPECT_EQ(words.at[2].bits, 0xA200'0004U);
    EXPECT_EQ(words.at[3].bits, 0xA300'000AU);
    EXPECT_EQ(words.at[4].bits, 0xA200'000CU);
    EXPECT_EQ(words.at[5].bits, 0xA300'0005U);
    EXPECT_EQ(words.at[6].op(), operation::control);
    EXPECT_EQ(words.at[6].as_control(), control::layout_end);
    EXPECT_EQ(make_control(control::checkpoint, 0).bits, 0xA500'0000U);
    EXPECT_EQ(make_digest(0).bits, 0xA800'0000U);
}

TEST(Wire, EventsAreAsDocumented) {
    EXPECT_EQ(event(operation::allocate, 0, 50).bits, 0x0000'0032U);
    EXPECT_EQ(event(operation::resize, 1, 51).bits, 0x4100'0033U);
    EXPECT_EQ(event(operation::deallocate, 2, 40).bits, 0x2200'0028U);
    EXPECT_EQ(make_control(control::context, 15).bits, 0xA900'000FU);
    EXPECT_EQ(caller(0x0800'0134).bits, 0x8400'009AU);
    EXPECT_EQ(caller(0x0800'0134).code_address(), 0x0800'0134U);
    EXPECT_EQ(event(operation::allocate, 3, 39).bits, 0x0300'0027U);
    EXPECT_EQ(documented.pools[1].offset, 40U);
}

TEST(Wire, AnAlignmentNamesItsAllocation) {
    const word asked = event(operation::allocate_aligned, 7, 0xAB'CDEF);
    const word said = make_alignment(6, asked);
    EXPECT_EQ(alignment_log2(said, asked), 6U);
    EXPECT_EQ(alignment_log2(said, event(operation::allocate_aligned, 8, 0xAB'CDEE)), 0U);
}

TEST(Wire, DigestsCoverEventsAndWhatIsSaidOfThem) {
    EXPECT_TRUE(in_digest(event(operation::allocate, 0, 1)));
    EXPECT_TRUE(in_digest(caller(0x0800'0000)));
    EXPECT_TRUE(in_digest(make_control(control::context, 15)));
    EXPECT_TRUE(in_digest(make_control(control::dropped, 1)));
    EXPECT_FALSE(in_digest(make_control(control::checkpoint, 1)));
    EXPECT_FALSE(in_digest(make_capture(capture::host_micros, 1)));
}

TEST(Wire, BeginReadsBackWhatItSays) {
    const announced_heap heap = decode_begin(announce(documented).at[0]);
    EXPECT_EQ(heap.version, version);
    EXPECT_EQ(heap.flags, 0U);
    EXPECT_EQ(heap.alignment, 8U);
    EXPECT_EQ(heap.pool_count, 2U);
}

TEST(Wire, TheChecksumSeesALostADoubledAndAChangedWord) {
    constexpr auto words = announce(documented);
    const auto sum = [&](auto pick) {
        std::uint32_t result = 0;
        for (std::size_t i = 0; i < 6; ++i)
            result = pick(result, i);
        return result;
    };
    const std::uint32_t right =
        sum([&](std::uint32_t s, std::size_t i) { return checksum(s, words.at[i]); });
    ASSERT_EQ(right, words.at[6].data());
    for (std::size_t wrong = 0; wrong < 6; ++wrong) {
        EXPECT_NE(right, sum([&](std::uint32_t s, std::size_t i) {
                      return i == wrong ? s : checksum(s, words.at[i]);
                  }));
        EXPECT_NE(right, sum([&](std::uint32_t s, std::size_t i) {
                      const std::uint32_t once = checksum(s, words.at[i]);
                      return i == wrong ? checksum(once, words.at[i]) : once;
                  }));
        for (std::uint32_t bit = 0; bit < 12; ++bit) {
            EXPECT_NE(right, sum([&](std::uint32_t s, std::size_t i) {
                          return checksum(
                              s, i == wrong ? word{words.at[i].bits ^ 1U << bit} : words.at[i]
                          );
                      }));
        }
    }
}

TEST(Wire, TheChecksumIsBlindToFlagsOfBegin) {
    constexpr auto words = announce(documented);
    EXPECT_EQ(checksum(0, words.at[0]), checksum(0, with_flags(words.at[0], flag_continues)));
}

TEST(Wire, SaturatesWhatDoesNotFit) {
    EXPECT_EQ(saturated(0x100'0000), 0xFF'FFFFU);
    EXPECT_EQ(saturated(SIZE_MAX), 0xFF'FFFFU);
    EXPECT_EQ(make_gap(gap_reason::transport, 1ULL << 40U).data(), 0x2F'FFFFU);
}

} // namespace

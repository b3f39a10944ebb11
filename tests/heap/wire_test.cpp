// SPDX-License-Identifier: MIT
// The worked bytes of docs/formats.md, made and read back.
#include <drone/region_code.hpp>
#include <drone/wire.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace {

using namespace drone::wire;

constexpr auto documented = drone::make_layout(1024, {{4, 10}, {12, 5}});

TEST(Wire, AnnouncesAsDocumented) {
    constexpr auto words = announce(documented, 0, 0x5E'9AC1);
    EXPECT_EQ(words.at[0].bits, 0xA002'0302U);
    EXPECT_EQ(words.at[1].bits, 0xA100'03FFU);
    EXPECT_EQ(words.at[2].bits, 0xA200'0004U);
    EXPECT_EQ(words.at[3].bits, 0xA300'000AU);
    EXPECT_EQ(words.at[4].bits, 0xA200'000CU);
    EXPECT_EQ(words.at[5].bits, 0xA300'0005U);
    EXPECT_EQ(words.at[6].bits, 0xAA5E'9AC1U);
    EXPECT_TRUE(words.at[7].is_control(control::layout_end));
    EXPECT_EQ(words.at[7].data(), words.seed ^ 0x5E'9AC1);
    EXPECT_EQ(make_control(control::checkpoint, 0).bits, 0xA500'0000U);
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

TEST(Wire, ADigestHas28BitsAndIsOneControlWord) {
    for (const std::uint32_t sum : {0U, 1U, 0xFFFF'FFFFU, 0x1234'5678U}) {
        EXPECT_TRUE(make_digest(sum).is_control(control::digest));
        EXPECT_EQ(make_digest(sum).bits >> 28U, 0xBU);
    }
    EXPECT_NE(make_digest(0), make_digest(1U << 31U));
}

TEST(Wire, NoTwoFlippedBitsNearEachOtherCancelInADigest) {
    std::set<std::uint32_t> seen{make_digest(0).bits};
    std::vector<std::uint32_t> flips(32);
    for (unsigned bit = 0; bit < 32; ++bit)
        flips[bit] = 1U << bit;
    for (int words = 0; words < 2'257; ++words) {
        for (std::uint32_t& flip : flips) {
            ASSERT_TRUE(seen.insert(make_digest(flip).bits).second) << words;
            flip = digest(flip, {});
        }
    }
}

TEST(Wire, ARegionsBlocksReadBackWhereverTheyAre) {
    std::mt19937 random(1);
    for (int i = 0; i < 100'000; ++i) {
        const std::uint32_t alignment = 1U << random() % 13;
        const std::uint32_t unit = std::min(alignment, region_code::unit_limit);
        const std::uint32_t size =
            64 + static_cast<std::uint32_t>(
                     random() % (heap_size_limit >> random() % 18) % (heap_size_limit - 64)
                 );
        const std::uint32_t first =
            random() % 2 == 0 ? 0
                              : static_cast<std::uint32_t>(random() % (size - 32)) / unit * unit;
        const region_code code(first, size, alignment);
        const std::uint32_t units = (size - first) / unit;
        const std::uint32_t offset = first + static_cast<std::uint32_t>(random() % units) * unit;
        const std::uint32_t asked =
            1 + static_cast<std::uint32_t>(random() % (random() % 2 == 0 ? 100 : size));
        const std::uint32_t data = code.encode(offset, asked);
        ASSERT_GE(data, first);
        ASSERT_LE(data, data_mask);
        const region_code::place place = code.decode(data);
        EXPECT_EQ(place.offset, offset);
        EXPECT_EQ(place.size, asked <= code.size_limit() ? asked : 0U);
    }
    EXPECT_EQ(region_code(0, 1U << 16U, 8).encode(4096, 100), 0xC'6200U);
    EXPECT_EQ(region_code(0, 1U << 16U, 8).size_limit(), 2'047U);
    EXPECT_EQ(region_code(0, 1U << 20U, 8).size_limit(), 127U);
}

TEST(Wire, BeginReadsBackWhatItSays) {
    const announced_heap heap = decode_begin(announce(documented).at[0]);
    EXPECT_EQ(heap.version, version_without_stacks);
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
    ASSERT_EQ(right, words.at[7].data());
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

TEST(Wire, TheChecksumSeesEveryFlagOfBegin) {
    const auto plain = announce(documented);
    const auto continued = announce(documented, flag_continues);
    const auto dropping = announce(documented, flag_drops);
    EXPECT_NE(plain.at[7], continued.at[7]);
    EXPECT_EQ(plain.seed, continued.seed) << "one seed for all digests of a run";
    EXPECT_NE(plain.seed, dropping.seed);
}

TEST(Wire, SaturatesWhatDoesNotFit) {
    EXPECT_EQ(saturated(0x100'0000), 0xFF'FFFFU);
    EXPECT_EQ(saturated(SIZE_MAX), 0xFF'FFFFU);
    EXPECT_EQ(make_gap(gap_reason::transport, 1ULL << 40U).data(), 0x2F'FFFFU);
}

} // namespace

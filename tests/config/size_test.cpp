// SPDX-License-Identifier: MIT
#include "config/config.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace drone::config {

TEST(Size, IsBytesOrANumberWithASuffixOrHexadecimal) {
    EXPECT_EQ(parse_size("512"), 512);
    EXPECT_EQ(parse_size("0"), 0);
    EXPECT_EQ(parse_size("10K"), 10 * 1024);
    EXPECT_EQ(parse_size("10k"), 10 * 1024);
    EXPECT_EQ(parse_size("1M"), 1024 * 1024);
    EXPECT_EQ(parse_size("3G"), std::uint64_t{3} << 30);
    EXPECT_EQ(parse_size("0x800"), 0x800);
    EXPECT_EQ(parse_size("0XfF"), 255);
    EXPECT_EQ(parse_size("0x10K"), 16 * 1024);
}

TEST(Size, RefusesEverythingElseByName) {
    for (const std::string_view text :
         {"", "K", "0x", "0xK", "ten", "10KB", "1.5K", "-1", "+1", " 1", "1 K", "1T", "0x-1"})
        EXPECT_EQ(
            parse_size(text).error().message,
            "\"" + std::string(text) +
                "\" is not a size; write bytes (512, 0x800) or a number with K, M or G (10K)"
        );
}

TEST(Size, RefusesWhatExceeds64Bits) {
    EXPECT_EQ(parse_size("18446744073709551615"), ~std::uint64_t{0});
    for (const std::string_view text : {"18446744073709551616", "18014398509481984K"})
        EXPECT_EQ(
            parse_size(text).error().message,
            "\"" + std::string(text) + "\" is a size beyond 64 bits; write a smaller one"
        );
}

TEST(Frequency, IsHertzOrANumberWithAUnit) {
    EXPECT_EQ(parse_frequency("168000000"), 168'000'000);
    EXPECT_EQ(parse_frequency("168 MHz"), 168'000'000);
    EXPECT_EQ(parse_frequency("12.5MHz"), 12'500'000);
    EXPECT_EQ(parse_frequency("32768 Hz"), 32768);
    EXPECT_EQ(parse_frequency("48 kHz"), 48'000);
    for (const std::string_view text :
         {"", "fast", "168M", "0", "-1 MHz", "5 GHz", "nan", "1 MHz x"})
        EXPECT_EQ(
            parse_frequency(text).error().message,
            "\"" + std::string(text) +
                "\" is not a frequency; write hertz (168000000) or a number with a unit (\"168 "
                "MHz\")"
        );
}

TEST(Size, IsWrittenInTheLargestUnitThatDividesIt) {
    EXPECT_EQ(format_size(0), "0");
    EXPECT_EQ(format_size(1000), "1000");
    EXPECT_EQ(format_size(10240), "10K");
    EXPECT_EQ(format_size(1024 * 1024), "1M");
    EXPECT_EQ(format_size(std::uint64_t{1} << 40), "1024G");
}

RC_GTEST_PROP(Size, ReadsBackWhatItWrites, (std::uint64_t bytes, unsigned char zeros)) {
    const std::uint64_t size = bytes << (zeros % 40); // whole kilobytes and more, often
    RC_ASSERT(parse_size(format_size(size)).value() == size);
}

} // namespace drone::config

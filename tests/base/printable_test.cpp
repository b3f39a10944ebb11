// SPDX-License-Identifier: MIT

#include "base/printable.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace drone::base {
namespace {

TEST(Printable, VisibleTextStaysAsItIs) {
    EXPECT_EQ(
        printable("std::vector<int>::push_back(int&&)"), "std::vector<int>::push_back(int&&)"
    );
    EXPECT_EQ(printable("größe 12 µs €"), "größe 12 µs €");
}

TEST(Printable, ControlCharactersAreEscaped) {
    EXPECT_EQ(printable("\x1b[2Jgone"), "\\x1b[2Jgone");
    EXPECT_EQ(printable("a\r\nb\tc"), "a\\x0d\\nb\\tc");
    EXPECT_EQ(printable(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b"); // CSI as one character
}

TEST(Printable, LineBreaksAreKeptOnRequest) {
    EXPECT_EQ(printable("a\n\tb\x1b\r", line_breaks::kept), "a\n\tb\\x1b\\x0d");
}

TEST(Printable, BytesThatAreNotUtf8AreEscaped) {
    EXPECT_EQ(printable("\xff\xc3(\xed\xa0\x80"), "\\xff\\xc3(\\xed\\xa0\\x80");
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf"); // too long a way to write '/'
    EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82"); // cut
}

TEST(Printable, CharactersThatTurnTextAreEscaped) {
    EXPECT_EQ(printable("a\u202eb\u2066"), "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6");
}

TEST(FirstCharacters, AreWhole) {
    EXPECT_EQ(count_characters("größe"), 5U);
    EXPECT_EQ(first_characters("größe", 0), "");
    EXPECT_EQ(first_characters("größe", 3), "grö");
    EXPECT_EQ(first_characters("größe", 4), "größ");
    EXPECT_EQ(first_characters("größe", 5), "größe");
    EXPECT_EQ(first_characters("größe", 6), "größe");
}

RC_GTEST_PROP(Printable, NothingReachesTheTerminalThatMovesIt, (const std::string& text)) {
    const std::string shown = printable(text);
    RC_ASSERT(std::ranges::none_of(shown, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    }));
    RC_ASSERT(printable(shown) == shown);
}

} // namespace
} // namespace drone::base

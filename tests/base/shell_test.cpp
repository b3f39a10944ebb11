// SPDX-License-Identifier: MIT

#include "base/shell.hpp"

#include <gtest/gtest.h>

namespace drone::base {
namespace {

TEST(ShellWord, IsQuotedWhereItNeedsIt) {
    EXPECT_EQ(shell_word("/home/me/app-2.0_x"), "/home/me/app-2.0_x");
    EXPECT_EQ(shell_word(""), "''");
    EXPECT_EQ(shell_word("my app"), "'my app'");
    EXPECT_EQ(shell_word("it's $HOME;rm"), "'it'\\''s $HOME;rm'");
}

} // namespace
} // namespace drone::base
